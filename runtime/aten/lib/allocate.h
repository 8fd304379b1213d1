// Allocates a result on CPU or CUDA without going through the dispatcher.
#pragma once

#include <ATen/core/Tensor.h>

namespace gems::aten {

at::Tensor allocate(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype, at::Device device);

}  // namespace gems::aten
