// The llvm.func that a pw.kernel becomes, without its blocks.
#pragma once

#include "Cpu/VectorUnit.h"
#include "Pw/Pw.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace gems::cpu {

// Before the kernel, with its name. Returns nothing when called.
mlir::LLVM::LLVMFuncOp declareKernelFunction(pw::KernelOp kernel, llvm::ArrayRef<mlir::Type> arguments,
                                             VectorUnit unit);

}  // namespace gems::cpu
