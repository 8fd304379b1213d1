// The scalar body of a pw.kernel as operations on vectors of W lanes, one for each scalar operation.
#pragma once

#include "Elements.h"
#include "Pw/Pw.h"
#include "VectorUnit.h"

namespace gems::cpu {

// What a value of the body is in the vector body; invariant: the same in every iteration, built before the loop.
struct LaneValue {
  Parts parts;
  bool isInvariant = false;
};

// The vectors of a kernel: how many lanes, and whether bf16 is widened by pairs (Bf16Pairs.h).
struct VectorShape {
  int64_t lanes = 1;
  bool hasBf16Pairs = false;
};

// Builds operations whose operands are all invariant with `before`, the others with `inside`. arguments: one for each
// block argument. Returns what the kernel yields.
llvm::SmallVector<LaneValue> buildVectorBody(pw::KernelOp kernel, llvm::ArrayRef<LaneValue> arguments,
                                             VectorShape shape, VectorUnit unit, mlir::ImplicitLocOpBuilder& before,
                                             mlir::ImplicitLocOpBuilder& inside);

}  // namespace gems::cpu
