// Short forms for elements, and one call of an op through trace and interpreter.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "calls.h"
#include "gems/dsl/interpreter.h"
#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems::test {

inline Element integer(DType dtype, std::int64_t value) { return {.dtype = dtype, .integer = value}; }
inline Element real(DType dtype, std::complex<double> value) { return {.dtype = dtype, .value = value}; }
inline Element truth(bool value) { return integer(DType::Bool, value); }

// The results of op on elements (passed as tensors, for Scalar operands as numbers) and one flag value for all flags.
inline std::vector<Element> run(const OpDef& op, std::vector<Element> elements, FlagValue flag_value = {},
                                std::vector<DType> result_dtypes = {}) {
  std::vector<CallOperand> operands;
  std::size_t next = 0;
  for (const OperandDef& operand : op.operands) {
    if (operand.kind == OperandKind::Flag) {
      operands.push_back(flag(flag_value));
    } else {
      const DType dtype = elements.at(next++).dtype;
      operands.push_back(operand.kind == OperandKind::Tensor ? tensor(dtype) : number(dtype));
    }
  }
  return interpret(trace(op, operands, result_dtypes), elements);
}

}  // namespace gems::test
