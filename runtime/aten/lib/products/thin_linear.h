// torch.ops.gems.linear_act and linear_gate of a few rows: a thin product with what follows it, in one launch.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace gems::aten {

// act(input @ weight.t() + bias) + residual on the current stream, where input or weight has few rows, rounded once;
// bias, residual: null: none. Shapes are those that linear_act has checked. Undefined, with nothing done, where a
// product of its own has to come first: one that is not thin (thin_product.h), tensors of different dtypes, devices or
// kinds. Counts as a call of gems::dot_rows_act. Autograd does not see it.
at::Tensor thin_linear_act(const at::Tensor& input, const at::Tensor& weight, const at::Tensor* bias,
                           std::string_view act, const at::Tensor* residual);

// act(gate) * value, each a linear layer of input, likewise; of few rows of input only. Counts as a call of
// gems::dot_rows_gate.
struct LinearLayer {
  const at::Tensor& weight;
  const at::Tensor* bias;  // null: none
};
at::Tensor thin_linear_gate(const at::Tensor& input, const LinearLayer& gate, const LinearLayer& value,
                            std::string_view act);

}  // namespace gems::aten
