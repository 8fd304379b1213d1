// Named tensors, which newer versions of PyTorch do not have any more: nothing is named there.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorImpl.h>

#include <concepts>

namespace gems::aten {

// A template, so that the branch that a version lacks is not compiled.
template <std::same_as<at::TensorImpl> Impl>
bool is_named(const Impl& tensor) {
  if constexpr (requires { tensor.has_named_tensor_meta(); })
    return tensor.has_named_tensor_meta();
  else
    return false;
}

inline bool is_named(const at::Tensor& tensor) { return is_named(*tensor.unsafeGetTensorImpl()); }

}  // namespace gems::aten
