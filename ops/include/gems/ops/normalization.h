// Normalization of rows by their moments, and its gradients.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// Results: the normalized rows, and of each row the mean and 1 / sqrt(variance + eps) (rms_norm: only that).
extern const OpDef layer_norm_op, rms_norm_op;

}  // namespace gems::ops
