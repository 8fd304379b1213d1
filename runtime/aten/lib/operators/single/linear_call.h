// What operators that begin with a linear layer have in common.
#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <optional>

#include "operators/operators.h"
#include "operators/watched.h"

namespace gems::aten {

using MaybeTensor = std::optional<at::Tensor>;

inline const at::Tensor* pointer_to(const MaybeTensor& tensor) { return tensor ? &*tensor : nullptr; }

// Shapes of a linear layer: input [..., K], weight [N, K], bias [N]. Throws c10::Error for others.
inline void check_linear(const char* op, const at::Tensor& input, const at::Tensor& weight, const MaybeTensor& bias,
                         const char* weight_name = "weight", const char* bias_name = "bias") {
  TORCH_CHECK(weight.dim() == 2, "op '", op, "': operand '", weight_name, "' has shape ", weight.sym_sizes(),
              "; expected [N, K], as torch.nn.Linear keeps it");
  TORCH_CHECK(input.dim() > 0 && input.sym_size(-1) == weight.sym_size(1), "op '", op, "': operand 'input' has shape ",
              input.sym_sizes(), "; expected [..., ", weight.sym_size(1), "] beside '", weight_name, "' of shape ",
              weight.sym_sizes());
  TORCH_CHECK(!bias || (bias->dim() == 1 && bias->sym_size(0) == weight.sym_size(0)), "op '", op, "': operand '",
              bias_name, "' has shape ", bias->sym_sizes(), "; expected [", weight.sym_size(0),
              "], one value for each row of '", weight_name, "'");
}

// Whether a call on CUDA is what its kernels make of it: autograd, autocast, modes and compilers have no part in it.
template <class... Tensors>
bool is_plain_on_cuda(const at::Tensor& input, const Tensors&... others) {
  if (!input.is_cuda() || is_watched()) return false;
  if (at::autocast::is_autocast_enabled(at::kCUDA) &&
      at::autocast::get_autocast_dtype(at::kCUDA) != input.scalar_type())
    return false;
  const auto needs = [](const MaybeTensor& tensor) { return tensor && needs_gradient(*tensor); };
  return !needs_gradient(input) && !(needs(others) || ...);
}

}  // namespace gems::aten
