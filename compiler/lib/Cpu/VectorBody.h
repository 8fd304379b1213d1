// The scalar body of a pw.kernel as operations on vectors, one for each scalar operation, of as many lanes as the
// kernel's CPU schedule says.
#pragma once

#include "Cpu/Elements.h"
#include "Cpu/VectorUnit.h"
#include "Pw/Pw.h"

namespace gems::cpu {

// What a value of the body is in the vector body; invariant: the same in every iteration, built before the loop.
struct LaneValue {
  Parts parts;
  bool isInvariant = false;
};

// Builds operations whose operands are all invariant with `before`, the others with `inside`. arguments: one for each
// block argument. Returns what the kernel yields.
llvm::SmallVector<LaneValue> buildVectorBody(pw::KernelOp kernel, llvm::ArrayRef<LaneValue> arguments, VectorUnit unit,
                                             mlir::ImplicitLocOpBuilder& before, mlir::ImplicitLocOpBuilder& inside);

}  // namespace gems::cpu
