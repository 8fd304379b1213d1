// The operands and results of a CPU kernel whose addresses move with the index: all in memory but those that are
// broadcast.
#pragma once

#include "Cpu/Elements.h"

namespace gems::cpu {

struct StreamedOperand {
  ElementType type;
  Step step;                // Contiguous or Strided
  mlir::Value base;         // of element 0
  mlir::Value strideBytes;  // Contiguous: a constant
  mlir::Value buffer;       // room for one vector
  bool isResult = false;
  unsigned position = 0;  // among the block arguments, or among the results

  // The elements from index on, in its own memory or in its buffer.
  Place at(mlir::ImplicitLocOpBuilder& builder, mlir::Value base, mlir::Value strideBytes, mlir::Value index) const;
  // Copies an element to its place in the buffer (operands), or from it (results).
  void copy(mlir::ImplicitLocOpBuilder& builder, mlir::Value element, mlir::Value inBuffer) const;
};

}  // namespace gems::cpu
