// The loop of a CPU kernel over vectors, with its tail.
//
// The loop exists once. What is left after the last full vector is copied to buffers on the stack, which the loop then
// processes as one more vector: a tail costs no second body to compile, and an element's result never depends on where
// in the tensor it is.
#pragma once

#include "Cpu/StreamedOperand.h"
#include "Cpu/VectorBody.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace gems::cpu {

// What a loop needs of the function around it.
struct LoopFrame {
  mlir::LLVM::LLVMFuncOp function;
  mlir::ImplicitLocOpBuilder& entry;       // what happens once, before the loop
  mlir::Block* done;                       // where the loop leaves for
  mlir::Value full;                        // elements in full vectors
  mlir::Value rest;                        // elements after them
  llvm::SmallVector<LaneValue> arguments;  // of the body; those that are streamed are filled in by the loop
  llvm::SmallVector<StreamedOperand> streamed;
};

void buildVectorLoop(pw::KernelOp kernel, VectorUnit unit, LoopFrame frame);

}  // namespace gems::cpu
