// Conversion of a body value between dtypes, as ScalarOp::Cast (scalar_ops.def). Shared by the import and by
// pw-resolve-promotion.
#pragma once

#include "gems/dsl/dtype.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace gems::pw {

// value has the body type of `from`; the result has that of `to`. Conversions to f16, bf16 and float8 go through f32,
// as those of c10 do.
mlir::Value buildCast(mlir::ImplicitLocOpBuilder& builder, mlir::Value value, DType from, DType to);

// As ScalarOp::BitCast: value's bits in the body type of `to`, which is as wide.
mlir::Value buildBitCast(mlir::ImplicitLocOpBuilder& builder, mlir::Value value, DType to);

// A constant of an integer or float type (or i1).
mlir::Value buildInteger(mlir::ImplicitLocOpBuilder& builder, mlir::Type type, int64_t number);
mlir::Value buildFloat(mlir::ImplicitLocOpBuilder& builder, mlir::Type type, double number);

}  // namespace gems::pw
