// Makes a variant.
#pragma once

#include "backend/backend.h"
#include "gems/runtime/plan.h"

namespace gems {

// Traces, compiles (or takes from the disk cache) and loads.
Variant build_variant(const PlanRequest& request, const KernelLayout& layout);

}  // namespace gems
