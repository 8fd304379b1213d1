// A view of a tensor without the dispatcher, which would cost more than a launch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace gems::aten {

// Offset and strides count elements of dtype. Autograd does not see the view, and version counters are apart.
inline at::Tensor undispatched_view(const at::Tensor& base, at::ScalarType dtype, at::IntArrayRef sizes,
                                    at::IntArrayRef strides, std::int64_t offset) {
  at::Tensor made = at::detail::make_tensor<at::TensorImpl>(at::TensorImpl::VIEW, at::Storage(base.storage()),
                                                            base.key_set(), at::scalarTypeToTypeMeta(dtype));
  at::TensorImpl* impl = made.unsafeGetTensorImpl();
  impl->set_storage_offset(offset);
  impl->set_sizes_and_strides(sizes, strides);
  return made;
}

}  // namespace gems::aten
