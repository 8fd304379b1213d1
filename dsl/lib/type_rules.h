// What a scalar operation accepts and returns, read from scalar_ops.def, and which dtype two values meet in.
#pragma once

#include <optional>
#include <string_view>

#include "gems/dsl/trace.h"

namespace gems {

// The lowest dtype that is weakly higher than both; the higher category wins, and a float beside a complex counts as
// its complex. Null when there is none: u16, u32 and u64 meet floats only, float8 nothing.
std::optional<DType> common_dtype(DType a, DType b);

// Whether op takes operands of this dtype. For Select: its values, not its condition.
bool accepts(ScalarOp op, DType operands);

// The accepted dtypes in words, for messages.
std::string_view accepted_text(ScalarOp op);

// The dtype of op's value on operands of one dtype. Not for Operand, Literal and Cast, whose nodes say it.
DType value_dtype(ScalarOp op, DType operands);

}  // namespace gems
