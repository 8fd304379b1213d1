// Ops that PyTorch needs several kernels for. Each rounds once, where a sequence of ATen ops rounds at each step.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// silu(x) * y.
extern const OpDef silu_and_mul_op;
// Gradients of silu_and_mul with respect to x and y.
extern const OpDef silu_and_mul_grad_op;
// gelu(x) * y. approximate: "none" (by erf) or "tanh".
extern const OpDef gelu_and_mul_op;
// Gradients of gelu_and_mul with respect to x and y.
extern const OpDef gelu_and_mul_grad_op;
// gelu(x + bias). approximate: "none" (by erf) or "tanh".
extern const OpDef bias_gelu_op;
// residual + scale * x.
extern const OpDef residual_scale_add_op;

}  // namespace gems::ops
