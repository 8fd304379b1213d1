// Every op of the catalogue as an operator of PyTorch: torch.ops.gems.NAME.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/core/GradMode.h>

#include <string>
#include <string_view>
#include <vector>

#include "gems/dsl/op.h"

namespace torch {
class Library;
}

namespace gems::aten {

// All that PyTorch knows of an op: torch.ops.NAMESPACE.NAME in the library's namespace, with kernels for CPU and CUDA,
// meta tensors, autograd (derivatives.h of the dsl), vmap, and NAME.out; and its gradients, as operators that graphs of
// torch.compile may contain (_NAME_vjp_x). Under autocast an operator computes what it is given: operands promote to
// the widest. The op must live as long as the process. Throws c10::Error where the namespace has such an operator.
void register_operator(torch::Library& library, const OpDef& op);

// The operator of a derived op, in the namespace of the op that it is derived from; registered when it is asked for
// first. Thread-safe.
c10::OperatorHandle derived_operator(const OpDef& op, const std::string& name_space);

// The op behind an operator ("gems::gelu", "gems::_gelu_vjp_x"); null where it is none of ours.
const OpDef* find_operator(const std::string& name);
// The names of all operators that are registered, sorted.
std::vector<std::string> operator_names();
// Of those that have this name in any namespace.
std::vector<std::string> operators_called(std::string_view name);

// "silu_and_mul(Tensor x, Tensor y) -> Tensor"; flags get their default: "str approximate=\"none\"".
std::string schema_of(const OpDef& op, const std::string& name);
// "silu_and_mul.out(Tensor x, Tensor y, *, Tensor(a!) out) -> ()"; of several results: out0, out1, ... Nothing is
// returned: PyTorch functionalizes only such operators.
std::string out_schema_of(const OpDef& op);

// Whether one of the tensors carries a tangent of forward-mode differentiation.
template <class... Tensors>
bool has_tangent(const Tensors&... tensors) {
  return (tensors._fw_grad(0).defined() || ...);
}

// Whether autograd has to see a call of these tensors.
template <class... Tensors>
bool needs_gradient(const Tensors&... tensors) {
  return (at::GradMode::is_enabled() && (tensors.requires_grad() || ...)) || has_tangent(tensors...);
}

}  // namespace gems::aten
