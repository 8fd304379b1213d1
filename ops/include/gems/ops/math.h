// Elementary functions of one operand; integers compute in the default dtype.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

extern const OpDef exp_op;
extern const OpDef log_op;
extern const OpDef sqrt_op;
extern const OpDef rsqrt_op;
extern const OpDef sin_op;
extern const OpDef cos_op;
extern const OpDef erf_op;

}  // namespace gems::ops
