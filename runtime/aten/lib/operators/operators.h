// Every op of the catalogue as an operator of PyTorch: torch.ops.gems.NAME.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>
#include <c10/core/GradMode.h>

#include <span>
#include <string>
#include <vector>

#include "gems/aten/serve.h"
#include "gems/dsl/op.h"
#include "serve/call_counts.h"

namespace torch {
class Library;
}

namespace gems::aten {

// "silu_and_mul(Tensor x, Tensor y) -> Tensor"; flags get their default: "str approximate=\"none\"".
std::string schema_of(const OpDef& op);
// "silu_and_mul.out(Tensor x, Tensor y, *, Tensor(a!) out) -> ()"; of several results: out0, out1, ... Nothing is
// returned: PyTorch functionalizes only such operators.
std::string out_schema_of(const OpDef& op);

// Defines torch.ops.LIBRARY.OP and its .out overload: for CPU, CUDA and fake tensors.
void register_operator(torch::Library& library, const OpDef& op);

// Autograd kernels of the ops that have gradients (new_operators_autograd.cpp).
void register_gradients(torch::Library& library);
bool has_gradient(const OpDef& op);
// The position of the incoming gradient among the operands of such an op's gradient op; -1 of any other op. Gradients
// have its layout, as in PyTorch's own backward operators, which take it first.
std::int8_t incoming_gradient(const OpDef& op);

// Serves and counts the request, or throws what a user of torch.ops.gems can act on.
void serve_or_throw(Request request, CallCounts& counts);

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

// Inside of torch.func's transforms, which refuse C++ autograd functions.
bool in_functorch();

}  // namespace gems::aten
