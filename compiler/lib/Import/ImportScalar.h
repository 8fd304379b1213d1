// One scalar operation of a trace as MLIR operations, by category of its operands. Composite operations (remainder,
// guarded division, ...) are spelled out here; everything else maps one to one.
#pragma once

#include "gems/dsl/trace.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace gems::pw {

// args have the body type of `dtype`, the dtype of the node's operands. Null when the operation is not defined on it.
mlir::Value importIntegral(mlir::ImplicitLocOpBuilder& builder, ScalarOp op, DType dtype, mlir::ValueRange args);
mlir::Value importFloat(mlir::ImplicitLocOpBuilder& builder, ScalarOp op, DType dtype, mlir::ValueRange args);
mlir::Value importComplex(mlir::ImplicitLocOpBuilder& builder, ScalarOp op, DType dtype, mlir::ValueRange args);

}  // namespace gems::pw
