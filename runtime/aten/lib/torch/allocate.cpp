// The steps of at::detail::empty_strided_generic, with the storage's size known beforehand.
#include "torch/allocate.h"

#include <ATen/EmptyTensor.h>
#include <c10/core/CPUAllocator.h>

#include <limits>

namespace at::cuda {
// In libtorch_cuda, which libtorch.so loads where it exists; null beside a CPU build.
__attribute__((weak, visibility("default"))) c10::Allocator* getCUDADeviceAllocator();
}  // namespace at::cuda

namespace gems::aten {

namespace {

// at::detail::computeStorageNbytes, which refuses what does not fit.
std::size_t storage_bytes(at::IntArrayRef sizes, at::IntArrayRef strides, std::int64_t element_bytes) {
  std::int64_t last = 0;
  bool is_large = false;
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 0) return 0;
    std::int64_t reach = 0;
    is_large |= __builtin_mul_overflow(sizes[d] - 1, strides[d], &reach);
    is_large |= __builtin_add_overflow(last, reach, &last);
  }
  std::int64_t bytes = 0;
  is_large |=
      last == std::numeric_limits<std::int64_t>::max() || __builtin_mul_overflow(last + 1, element_bytes, &bytes);
  if (is_large) return at::detail::computeStorageNbytes(sizes, strides, static_cast<std::size_t>(element_bytes));
  return static_cast<std::size_t>(bytes);
}

}  // namespace

void ResultGeometry::set(at::IntArrayRef with_sizes, at::IntArrayRef with_strides, at::ScalarType with_dtype) {
  sizes = with_sizes;
  strides = with_strides;
  dtype = with_dtype;
  size_bytes = storage_bytes(sizes, strides, static_cast<std::int64_t>(c10::elementSize(dtype)));
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
