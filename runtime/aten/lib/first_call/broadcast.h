// Broadcasting of sizes, as PyTorch broadcasts tensors: counted from the last dimension.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/DimVector.h>

namespace gems::aten {

// Widens the shape to what it and the sizes broadcast to. False where they do not: two sizes differ, and none is 1.
bool broadcast(at::DimVector& shape, at::IntArrayRef sizes);

}  // namespace gems::aten
