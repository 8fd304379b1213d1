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
// Turns each pair (x, y) by an angle: x * cos - y * sin, y * cos + x * sin. inverse: by its negative.
extern const OpDef rotate_pairs_op;
// The same for pairs of neighbours, each in one element of an unsigned type, its first half in the low bits. element:
// the dtype of the halves, "bf16" or "f16" (in u32), or "f32" (in u64). Computes in f32, whatever the angles are.
extern const OpDef rotate_interleaved_op;
// One step of Adam, by the formula of torch.optim.Adam (decoupled: of AdamW): the new param, exp_avg and exp_avg_sq.
// bias_correction1 and 2 are 1 - beta ** step. The numbers are f64, so that 1 - beta2 keeps its digits.
extern const OpDef adam_step_op;

}  // namespace gems::ops
