// Which values of a call ATen would refuse (numbers, and zeros among integer divisors): decided once a geometry, tested
// on each call.
#pragma once

#include "gems/dsl/trace.h"
#include "geometry/plan_entry.h"

namespace gems::aten {

// Notes in the entry what check_numbers must test.
void add_number_checks(const Request& request, const CallGeometry& geometry, const ResolvedTypes& types,
                       PlanEntry& entry);

std::optional<DeclineReason> check_numbers(const Request& request, const CallGeometry& geometry,
                                           const PlanEntry& entry);

}  // namespace gems::aten
