// Normalization of rows by their moments, and its gradients.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// layer_norm, rms_norm: the normalized rows, and of each row the mean and 1 / sqrt(variance + eps) (rms_norm: only
// that). The backward ops: the gradients of x, weight and, of layer_norm, bias, from the statistics that forward
// returned.
extern const OpDef layer_norm_op, rms_norm_op, layer_norm_backward_op, rms_norm_backward_op;

}  // namespace gems::ops
