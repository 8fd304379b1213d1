// A composition, as linear_act is one.
#include "operators/single/linear_gate.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/linear.h>
#include <torch/library.h>

#include <string>
#include <string_view>

#include "operators/single/linear_call.h"
#include "products/thin_linear.h"

namespace gems::aten {
namespace {

using at::Tensor;

Tensor linear_gate(const Tensor& input, const Tensor& weight, const MaybeTensor& bias, c10::string_view act,
                   bool gate_last) {
  const std::string_view name(act.data(), act.size());
  TORCH_CHECK(name == "silu" || name == "gelu" || name == "gelu_tanh", "op 'linear_gate': operand 'act' is '",
              std::string(name), "'; expected 'silu', 'gelu' or 'gelu_tanh'");
  check_linear("linear_gate", input, weight, bias);
  TORCH_CHECK(weight.sym_size(0) % 2 == 0, "op 'linear_gate': operand 'weight' has shape ", weight.sym_sizes(),
              "; expected [2 N, K], rows of N gates and of N values one behind the other");
  if (is_plain_on_cuda(input, weight, bias)) {
    Tensor result = thin_linear_gate(input, weight, pointer_to(bias), name, gate_last);
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

}  // namespace

void register_linear_gate(torch::Library& library) {
  library.def(
      "linear_gate(Tensor input, Tensor weight, Tensor? bias=None, str act=\"silu\", bool gate_last=False) -> Tensor",
      {at::Tag::pt2_compliant_tag});
  library.impl("linear_gate", torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(linear_gate)));
}

}  // namespace gems::aten
