// The steps of at::detail::empty_strided_generic, with the storage's size known beforehand.
#include "torch/allocate.h"

#include <ATen/EmptyTensor.h>
#include <c10/core/CPUAllocator.h>

namespace at::cuda {
// In libtorch_cuda, which libtorch.so loads where it exists; null beside a CPU build.
__attribute__((weak, visibility("default"))) c10::Allocator* getCUDADeviceAllocator();
}  // namespace at::cuda

namespace gems::aten {

void ResultGeometry::set(at::IntArrayRef with_sizes, at::IntArrayRef with_strides, at::ScalarType with_dtype) {
  sizes = with_sizes;
  strides = with_strides;
  dtype = with_dtype;
  size_bytes = at::detail::computeStorageNbytes(sizes, strides, c10::elementSize(dtype));
}

ResultGeometry result_geometry(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype) {
  ResultGeometry geometry;
  geometry.set(sizes, strides, dtype);
  return geometry;
}

at::Tensor allocate(const ResultGeometry& geometry, at::Device device) {
  const bool on_cpu = device.is_cpu();
  c10::Allocator* allocator = on_cpu ? c10::GetCPUAllocator() : at::cuda::getCUDADeviceAllocator();
  c10::Storage storage(c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(),
                                                             static_cast<std::int64_t>(geometry.size_bytes), allocator,
                                                             /*resizable=*/true));
  at::Tensor tensor = at::detail::make_tensor<at::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(on_cpu ? c10::DispatchKey::CPU : c10::DispatchKey::CUDA),
      c10::scalarTypeToTypeMeta(geometry.dtype));
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(geometry.sizes, geometry.strides);
  return tensor;
}

c10::DataPtr allocate_scratch(std::size_t size_bytes) {
  return at::cuda::getCUDADeviceAllocator()->allocate(size_bytes);
}

}  // namespace gems::aten
