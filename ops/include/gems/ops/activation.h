// Activation functions and their backward forms, by the formulas of ATen's kernels.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// NaN stays NaN.
extern const OpDef relu_op;
// approximate: "none" (by erf) or "tanh".
extern const OpDef gelu_op;
extern const OpDef gelu_backward_op;
extern const OpDef silu_op;
// Complex: without conjugation, as ATen.
extern const OpDef silu_backward_op;
extern const OpDef sigmoid_op;
// output: what sigmoid returned.
extern const OpDef sigmoid_backward_op;
extern const OpDef tanh_op;
// output: what tanh returned.
extern const OpDef tanh_backward_op;
// x * sigmoid(1.702 x), as in CLIP.
extern const OpDef quick_gelu_op;
// The square of relu.
extern const OpDef relu_squared_op;

}  // namespace gems::ops
