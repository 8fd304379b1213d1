// Norms of a row, by their order.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

extern const OpDef vector_norm_op, vector_norm_0_op, vector_norm_1_op, vector_norm_2_op, vector_norm_inf_op,
    vector_norm_minus_inf_op;

}  // namespace gems::ops
