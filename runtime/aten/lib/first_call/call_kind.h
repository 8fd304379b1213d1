// CallKind: what follows from a call without its sizes, strides and addresses. Asked of promotion and of ATen once, and
// kept for the life of the process.
#pragma once

#include <optional>

#include "first_call/number_checks.h"
#include "gems/dsl/promotion.h"
#include "gems/runtime/plan.h"
#include "geometry/call_geometry.h"

namespace gems::aten {

struct CallKind {
  std::optional<DeclineReason> declined;  // promotion or ATen refuses the dtypes
  ResolvedTypes types;
  NumberChecks checks;
  std::optional<Planner> planner;  // where nothing is declined
};

// Null: not known yet. Takes no lock when this thread asked lately.
const CallKind* find_call_kind(const KindWords& words);

// Finds it out, with a call of request.aten_probe if it is set. A reason alone is about this call's numbers, which ATen
// is not to be probed with. Throws only when request.raise is set, or where GEMS_STRICT=1.
struct MadeKind {
  const CallKind* kind = nullptr;
  std::optional<DeclineReason> declined;
};
MadeKind make_call_kind(const Request& request, const CallGeometry& geometry, const KindWords& words);

}  // namespace gems::aten
