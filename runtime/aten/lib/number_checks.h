// Which numbers of a call ATen would refuse by their value: decided once a geometry, tested on each call.
#pragma once

#include "gems/dsl/trace.h"
#include "plan_entry.h"

namespace gems::aten {

// Notes in the entry what check_numbers must test; a reason when no number decides it (an integer tensor as divisor on
// the CPU).
std::optional<DeclineReason> add_number_checks(const Request& request, const CallGeometry& geometry,
                                               const ResolvedTypes& types, PlanEntry& entry);

std::optional<DeclineReason> check_numbers(const PlanEntry& entry, std::span<const NumberValue> numbers);

}  // namespace gems::aten
