// What an op sees of an argument: one of these, for the words of a call's geometry and for the call's signature.
#pragma once

#include <cstdint>

#include "gems/dsl/promotion.h"

namespace gems::aten {

inline CallOperand tensor_operand(DType dtype, std::int64_t rank) {
  return {.kind = rank == 0 ? CallOperand::Kind::ZeroDim : CallOperand::Kind::Tensor, .dtype = dtype};
}
// A 0-dim CPU tensor beside tensors of another device.
inline CallOperand cpu_scalar_operand(DType dtype) {
  return {.kind = CallOperand::Kind::ZeroDim, .dtype = dtype, .in_memory = false};
}
inline CallOperand number_operand(DType dtype) {
  return {.kind = CallOperand::Kind::Number, .dtype = dtype, .in_memory = false};
}
inline CallOperand flag_operand(FlagValue flag) { return {.kind = CallOperand::Kind::Flag, .flag = flag}; }
inline CallOperand absent_operand() { return {.kind = CallOperand::Kind::Absent}; }

}  // namespace gems::aten
