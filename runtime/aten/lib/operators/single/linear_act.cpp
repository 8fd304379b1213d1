// A composition: autograd, vmap, autocast and compilers see a product and a rowwise operator. Where none of them looks,
// products of a few rows have the rest in their launch.
#include "operators/single/linear_act.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/linear.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "operators/operators.h"
#include "operators/single/linear_call.h"
#include "operators/single/named_activation.h"
#include "products/thin_linear.h"
#include "torch/graph_node.h"

namespace gems::aten {
namespace {

using at::Tensor;

// Those that bias_act has; others are operators by themselves.
constexpr std::array<std::string_view, 5> own_activations{"none", "relu", "gelu", "gelu_tanh", "silu"};

void check_residual(const Tensor& input, const Tensor& weight, const MaybeTensor& residual) {
  if (!residual) return;
  c10::SymDimVector sizes(input.sym_sizes());
  sizes.back() = weight.sym_size(0);
  TORCH_CHECK(residual->sym_sizes() == c10::SymIntArrayRef(sizes), "op 'linear_act': operand 'residual' has shape ",
              residual->sym_sizes(), "; expected that of the result, ", c10::SymIntArrayRef(sizes), ": expand it");
}

// What a sum hands to its terms: the incoming gradient itself.
class SumBackward final : public torch::autograd::Node {
 public:
  std::string name() const override { return "linear_act_residual_backward"; }
  torch::autograd::variable_list apply(torch::autograd::variable_list&& incoming) override {
    return {incoming[0], incoming[0]};
  }
};

// activation(product + bias) + residual.
Tensor finish(const Tensor& product, const MaybeTensor& bias, c10::string_view act, const MaybeTensor& residual) {
  using Signature =
      Tensor(const Tensor&, const MaybeTensor&, const MaybeTensor&, c10::string_view, at::IntArrayRef, bool);
  static const auto rows = c10::Dispatcher::singleton().findSchemaOrThrow("gems::bias_act", "").typed<Signature>();
  const auto call = [&](const MaybeTensor& added) { return rows.call(product, bias, added, act, {-1}, false); };
  if (!residual || !needs_gradient(*residual) || has_tangent(*residual)) return call(residual);
  // The gradient of residual is the incoming one, which the operator would copy.
  Tensor result = call(residual->detach());
  auto node = make_node<SumBackward>();
  node->set_next_edges({result.requires_grad() ? torch::autograd::impl::gradient_edge(result) : torch::autograd::Edge(),
                        torch::autograd::impl::gradient_edge(*residual)});
  torch::autograd::set_history(result, node);
  return result;
}

Tensor linear_act(const Tensor& input, const Tensor& weight, const MaybeTensor& bias, c10::string_view act,
                  const MaybeTensor& residual) {
  const std::string_view name(act.data(), act.size());
  std::optional<NamedActivation> named;
  if (std::ranges::find(own_activations, name) == own_activations.end())
    named.emplace("linear_act", name, own_activations);
  check_linear("linear_act", input, weight, bias);
  check_residual(input, weight, residual);
  if (named) {
    const Tensor value = (*named)(at::linear(input, weight, bias));
    return residual ? value + *residual : value;
  }
  if (is_plain_on_cuda(input, weight, bias, residual)) {
    Tensor result = thin_linear_act(input, weight, pointer_to(bias), name, pointer_to(residual));
    if (result.defined()) return result;
  }
  if (act == "none") {
    const Tensor product = at::linear(input, weight, bias);
    return residual ? product + *residual : product;
  }
  const Tensor product = at::linear(input, weight);
  // Under autocast the product has another dtype than the parameters.
  return finish(product, bias ? MaybeTensor(bias->to(product.scalar_type())) : bias, act, residual);
}

}  // namespace

void register_linear_act(torch::Library& library) {
  library.def(
      "linear_act(Tensor input, Tensor weight, Tensor? bias=None, str act=\"none\", Tensor? residual=None) -> Tensor",
      {at::Tag::pt2_compliant_tag});
  library.impl("linear_act", torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(linear_act)));
}

}  // namespace gems::aten
