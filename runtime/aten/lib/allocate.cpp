// Result memory from PyTorch's own allocators, called directly.
#include "allocate.h"

#include <ATen/EmptyTensor.h>

namespace at::detail {
// In libtorch_cuda, which libtorch.so loads where it exists; null beside a CPU build.
__attribute__((weak, visibility("default"))) TensorBase empty_strided_cuda(IntArrayRef size, IntArrayRef stride,
                                                                           ScalarType dtype,
                                                                           std::optional<Device> device);
}  // namespace at::detail

namespace gems::aten {

at::Tensor allocate(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype, at::Device device) {
  return at::Tensor(device.is_cpu() ? at::detail::empty_strided_cpu(sizes, strides, dtype)
                                    : at::detail::empty_strided_cuda(sizes, strides, dtype, device));
}

}  // namespace gems::aten
