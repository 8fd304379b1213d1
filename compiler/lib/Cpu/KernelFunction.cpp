// Type and attributes of a kernel's function.
#include "Cpu/KernelFunction.h"

#include <string>

using namespace mlir;

namespace gems::cpu {

LLVM::LLVMFuncOp declareKernelFunction(pw::KernelOp kernel, ArrayRef<Type> arguments, VectorUnit unit) {
  OpBuilder builder(kernel);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(kernel.getContext()), arguments);
  auto function = LLVM::LLVMFuncOp::create(builder, kernel.getLoc(), kernel.getSymName(), type);
  function.setNoUnwind(true);
  // Some processors are tuned to use half of their vector width unless told otherwise.
  function.setPassthroughAttr(builder.getArrayAttr({builder.getArrayAttr(
      {builder.getStringAttr("prefer-vector-width"), builder.getStringAttr(std::to_string(unit.bytes * 8))})}));
  return function;
}

}  // namespace gems::cpu
