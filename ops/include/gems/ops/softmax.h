// Softmax of a row, its logarithm, and their gradients.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

extern const OpDef softmax_op, log_softmax_op, softmax_wide_op, log_softmax_wide_op, softmax_backward_op,
    log_softmax_backward_op;

}  // namespace gems::ops
