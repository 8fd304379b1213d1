// A plan for the threads of this machine: the collapsed sizes, and strides in bytes.
#pragma once

#include "backend/backend.h"

namespace gems {

std::unique_ptr<Plan> cpu_plan(const Variant& variant, const IterationSpace& space,
                               std::span<const NamedTensor> tensors);

}  // namespace gems
