// Compositions, as linear_act is one.
#include "operators/single/linear_gate.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/linear.h>
#include <torch/library.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "operators/single/linear_call.h"
#include "products/product_call.h"
#include "products/thin_linear.h"
#include "torch/undispatched_view.h"

namespace gems::aten {
namespace {

using at::Tensor;

std::string_view check_act(c10::string_view act) {
  const std::string_view name(act.data(), act.size());
  TORCH_CHECK(name == "silu" || name == "gelu" || name == "gelu_tanh", "op 'linear_gate': operand 'act' is '",
              std::string(name), "'; expected 'silu', 'gelu' or 'gelu_tanh'");
  return name;
}

// Half of the rows of a weight, or of the elements of a bias.
Tensor half_of(const Tensor& whole, bool is_second) {
  at::DimVector sizes(whole.sizes());
  sizes[0] /= 2;
  return undispatched_view(whole, whole.scalar_type(), sizes, whole.strides(),
                           whole.storage_offset() + (is_second ? sizes[0] * whole.stride(0) : 0));
}

Tensor linear_gate(const Tensor& input, const Tensor& weight, const MaybeTensor& bias, c10::string_view act,
                   bool gate_last) {
  const std::string_view name = check_act(act);
  check_linear("linear_gate", input, weight, bias);
  TORCH_CHECK(weight.sym_size(0) % 2 == 0, "op 'linear_gate': operand 'weight' has shape ", weight.sym_sizes(),
              "; expected [2 N, K], rows of N gates and of N values one behind the other");
  if (is_plain_on_cuda(input, weight, bias) && !refuse_operands(std::array{&input, &weight, pointer_to(bias)})) {
    const Tensor gates = half_of(weight, gate_last), values = half_of(weight, !gate_last);
    const Tensor gate_bias = bias ? half_of(*bias, gate_last) : Tensor();
    const Tensor value_bias = bias ? half_of(*bias, !gate_last) : Tensor();
    Tensor result =
        thin_linear_gate(input, {gates, bias ? &gate_bias : nullptr}, {values, bias ? &value_bias : nullptr}, name);
    if (result.defined()) return result;
  }
  static const auto silu = c10::Dispatcher::singleton()
                               .findSchemaOrThrow("gems::silu_and_mul", "packed")
                               .typed<Tensor(const Tensor&, bool)>();
  static const auto gelu = c10::Dispatcher::singleton()
                               .findSchemaOrThrow("gems::gelu_and_mul", "packed")
                               .typed<Tensor(const Tensor&, bool, c10::string_view)>();
  const Tensor packed = at::linear(input, weight, bias);
  if (name == "silu") return silu.call(packed, gate_last);
  return gelu.call(packed, gate_last, name == "gelu" ? "none" : "tanh");
}

Tensor linear_gate_pair(const Tensor& input, const Tensor& gate_weight, const Tensor& value_weight,
                        const MaybeTensor& gate_bias, const MaybeTensor& value_bias, c10::string_view act) {
  const std::string_view name = check_act(act);
  check_linear("linear_gate", input, gate_weight, gate_bias, "gate_weight", "gate_bias");
  check_linear("linear_gate", input, value_weight, value_bias, "value_weight", "value_bias");
  TORCH_CHECK(gate_weight.sym_size(0) == value_weight.sym_size(0),
              "op 'linear_gate': operand 'value_weight' has shape ", value_weight.sym_sizes(),
              "; expected as many rows as 'gate_weight' of shape ", gate_weight.sym_sizes());
  if (is_plain_on_cuda(input, gate_weight, value_weight, gate_bias, value_bias)) {
    Tensor result =
        thin_linear_gate(input, {gate_weight, pointer_to(gate_bias)}, {value_weight, pointer_to(value_bias)}, name);
    if (result.defined()) return result;
  }
  static const auto silu = c10::Dispatcher::singleton()
                               .findSchemaOrThrow("gems::silu_and_mul", "")
                               .typed<Tensor(const Tensor&, const Tensor&)>();
  static const auto gelu = c10::Dispatcher::singleton()
                               .findSchemaOrThrow("gems::gelu_and_mul", "")
                               .typed<Tensor(const Tensor&, const Tensor&, c10::string_view)>();
  const Tensor gate = at::linear(input, gate_weight, gate_bias);
  const Tensor value = at::linear(input, value_weight, value_bias);
  if (name == "silu") return silu.call(gate, value);
  return gelu.call(gate, value, name == "gelu" ? "none" : "tanh");
}

}  // namespace

void register_linear_gate(torch::Library& library) {
  library.def(
      "linear_gate(Tensor input, Tensor weight, Tensor? bias=None, str act=\"silu\", bool gate_last=False) -> Tensor",
      {at::Tag::pt2_compliant_tag});
  library.impl("linear_gate", torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(linear_gate)));
  library.def(
      "linear_gate.pair(Tensor input, Tensor gate_weight, Tensor value_weight, Tensor? gate_bias=None, "
      "Tensor? value_bias=None, str act=\"silu\") -> Tensor",
      {at::Tag::pt2_compliant_tag});
  library.impl("linear_gate.pair",
               torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(linear_gate_pair)));
}

}  // namespace gems::aten
