// Bitwise operations, and logical ones on the truth (x != 0) of any dtype.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

extern const OpDef bitwise_and_op;
extern const OpDef bitwise_or_op;
extern const OpDef bitwise_xor_op;
extern const OpDef bitwise_not_op;
extern const OpDef logical_and_op;
extern const OpDef logical_or_op;
extern const OpDef logical_xor_op;
extern const OpDef logical_not_op;

}  // namespace gems::ops
