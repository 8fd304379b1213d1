// A plan for a CUDA stream: grid, block and the geometry that the kernel takes by value.
#pragma once

#include "backend/backend.h"

namespace gems {

std::unique_ptr<Plan> cuda_plan(const Variant& variant, const IterationSpace& space,
                                std::span<const NamedTensor> tensors);

}  // namespace gems
