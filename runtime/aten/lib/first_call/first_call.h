// The cold path of serve(): the call's kind, the layout of its results, the runtime's plan.
#pragma once

#include "geometry/plan_entry.h"

namespace gems::aten {

// Fills an empty entry. False: it holds for this call only (a stream is capturing, or the call's numbers are refused).
// Throws only when request.raise is set, or where GEMS_STRICT=1.
bool first_call(const Request& request, const CallGeometry& geometry, PlanEntry& entry);

}  // namespace gems::aten
