// Choices between values, and conversion of dtypes.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// condition is read as != 0 and takes no part in promotion.
extern const OpDef where_op;
// The result has x's dtype; value is converted to it.
extern const OpDef masked_fill_op;
// NaN if any of the three is NaN; the upper bound wins where lower > upper.
extern const OpDef clamp_op;
// clamp without an upper bound.
extern const OpDef clamp_min_op;
// clamp without a lower bound.
extern const OpDef clamp_max_op;
// grad where x > threshold or x is NaN, else 0.
extern const OpDef threshold_backward_op;
// x as it is: the caller chooses the dtype of the result (copy_, _to_copy, clone).
extern const OpDef copy_op;

}  // namespace gems::ops
