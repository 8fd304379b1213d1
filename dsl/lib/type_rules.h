// What a scalar operation accepts and returns, read from scalar_ops.def, and which dtype two values meet in.
#pragma once

#include <optional>

#include "gems/dsl/domain.h"
#include "gems/dsl/trace.h"

namespace gems {

// The lowest dtype that is weakly higher than both; the higher category wins, and a float beside a complex counts as
// its complex. Null when there is none: u16, u32 and u64 meet floats only, float8 nothing.
std::optional<DType> common_dtype(DType a, DType b);

// The dtypes that op takes. For Select: its values, not its condition.
Domain domain(ScalarOp op);

// The dtype of op's value on operands of one dtype. Not for Operand, Literal and Cast, whose nodes say it.
DType value_dtype(ScalarOp op, DType operands);

}  // namespace gems
