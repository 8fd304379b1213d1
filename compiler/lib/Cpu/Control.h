// Loops and branches of functions in the llvm dialect, as nested C++. The builder stands behind them afterwards.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Value.h"

namespace gems::cpu {

using Values = llvm::SmallVector<mlir::Value>;

// for (i = begin; i < end; i += step) state = body(i, state); the state after the last iteration.
Values forLoop(mlir::ImplicitLocOpBuilder& builder, mlir::Value begin, mlir::Value end, mlir::Value step,
               mlir::ValueRange state, llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);
void forLoop(mlir::ImplicitLocOpBuilder& builder, mlir::Value begin, mlir::Value end, mlir::Value step,
             llvm::function_ref<void(mlir::Value)> body);
// for (i = 1; i < end; i *= 2) body(i).
void doublingLoop(mlir::ImplicitLocOpBuilder& builder, mlir::Value end, llvm::function_ref<void(mlir::Value)> body);

// condition ? body() : otherwise.
Values ifThen(mlir::ImplicitLocOpBuilder& builder, mlir::Value condition, mlir::ValueRange otherwise,
              llvm::function_ref<Values()> body);
void ifThen(mlir::ImplicitLocOpBuilder& builder, mlir::Value condition, llvm::function_ref<void()> body);

}  // namespace gems::cpu
