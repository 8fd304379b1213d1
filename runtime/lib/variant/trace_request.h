// The trace of a request: with the dtypes that its results have in memory.
#pragma once

#include "gems/dsl/trace.h"
#include "gems/runtime/plan.h"

namespace gems {

TraceGraph trace_request(const PlanRequest& request);

}  // namespace gems
