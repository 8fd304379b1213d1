// Allocates a result on CPU or CUDA: PyTorch's own allocators and tensors, without what at::empty finds out again on
// every call.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/DimVector.h>

#include <cstddef>

namespace gems::aten {

struct ResultGeometry {
  at::DimVector sizes;
  at::DimVector strides;
  at::ScalarType dtype = at::kFloat;
  std::size_t size_bytes = 0;  // of the storage

  void set(at::IntArrayRef with_sizes, at::IntArrayRef with_strides, at::ScalarType with_dtype);
};

ResultGeometry result_geometry(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype);

// device: of kind CUDA it must be current (device_scope.h), and in use already: a tensor lives there.
at::Tensor allocate(const ResultGeometry& geometry, at::Device device);

// Memory of the current CUDA device for one launch on the current stream. Throws PyTorch's out-of-memory error.
c10::DataPtr allocate_scratch(std::size_t size_bytes);

}  // namespace gems::aten
