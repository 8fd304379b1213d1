// Sums, products, quotients and powers. Operand order is that of the ATen operator.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// x + alpha * y; on bool the logical or.
extern const OpDef add_op;
// x - alpha * y.
extern const OpDef sub_op;
// On bool the logical and.
extern const OpDef mul_op;
// True division: div.Tensor, and div.Tensor_mode without a mode.
extern const OpDef div_op;
// div.Tensor_mode with rounding_mode="trunc". Integers: x / 0 is 0; ATen's CPU build raises instead.
extern const OpDef div_trunc_op;
// div.Tensor_mode with rounding_mode="floor", and floor_divide. Integers: x / 0 is 0, as div_trunc.
extern const OpDef div_floor_op;
extern const OpDef neg_op;
extern const OpDef abs_op;
// As ATen's abs of float8: -0 and NaN keep their sign.
extern const OpDef abs_float8_op;
extern const OpDef reciprocal_op;
// Integers wrap; a negative exponent gives 1 for base 1, 1 or -1 for base -1, else 0.
extern const OpDef pow_op;
// x ** exponent by products, for the flag's values 2, 3 and -2.
extern const OpDef pow_multiplied_op;

}  // namespace gems::ops
