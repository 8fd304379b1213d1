// Short forms for the operands of a call, for the tests of the dsl.
#pragma once

#include "gems/dsl/trace.h"

namespace gems::test {

inline CallOperand tensor(DType dtype) { return {.kind = CallOperand::Kind::Tensor, .dtype = dtype}; }
inline CallOperand zero_dim(DType dtype, bool in_memory = true) {
  return {.kind = CallOperand::Kind::ZeroDim, .dtype = dtype, .in_memory = in_memory};
}
inline CallOperand number(DType dtype) { return {.kind = CallOperand::Kind::Number, .dtype = dtype}; }
inline CallOperand flag(FlagValue value = {}) { return {.kind = CallOperand::Kind::Flag, .flag = value}; }

}  // namespace gems::test
