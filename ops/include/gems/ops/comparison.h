// Comparisons, extrema and tests of floats.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

extern const OpDef eq_op;
extern const OpDef ne_op;
extern const OpDef lt_op;
extern const OpDef le_op;
extern const OpDef gt_op;
extern const OpDef ge_op;
// NaN if either is NaN; on bool the logical or.
extern const OpDef maximum_op;
// NaN if either is NaN; on bool the logical and.
extern const OpDef minimum_op;
// False for integers and bool.
extern const OpDef isnan_op;
// Complex: either part is infinite. False for integers and bool.
extern const OpDef isinf_op;

}  // namespace gems::ops
