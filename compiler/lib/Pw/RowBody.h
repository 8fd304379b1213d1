// The parts of a rowwise kernel's body: what is computed once for a row, and what for each element in which sweep.
//
// A kernel of n sweeps visits a row n + 1 times at most: once for the reductions of each sweep, and a last time for the
// results that vary along the row. Between two visits stand the values that are known for the whole row by then.
#pragma once

#include "Pw/Pw.h"
#include "llvm/ADT/DenseMap.h"

namespace gems::pw {

// Of all values of the body of a rowwise kernel.
llvm::DenseMap<mlir::Value, Extent> extentsOf(KernelOp kernel);

class RowBody {
 public:
  // After pw-number-sweeps.
  explicit RowBody(KernelOp kernel);

  int sweeps() const { return sweeps_; }
  llvm::ArrayRef<ReduceOp> reductions(int sweep) const { return reductions_[sweep - 1]; }

  Extent extent(mlir::Value value) const { return extents_.lookup(value); }
  bool isOfRow(mlir::Value value) const { return !varies_along_columns(extent(value)); }
  // After how many sweeps a value of row extent is known.
  int knownAfter(mlir::Value value) const { return known_.lookup(value); }

  // Operations whose values are one for the row and are known after so many sweeps and not earlier, in order; without
  // the reductions.
  llvm::SmallVector<mlir::Operation*> rowOperations(int sweeps) const;

  // What one visit of an element computes to have the values of `roots`: operations in order, the operands that it
  // reads for each element or column, and the values of the row that it needs.
  struct Visit {
    llvm::SmallVector<mlir::Operation*> operations;
    llvm::SmallVector<mlir::BlockArgument> operands;  // tensors of element or column extent
    llvm::SmallVector<mlir::Value> ofRow;             // values of row or call extent: operations' results and operands
  };
  Visit visit(mlir::ValueRange roots) const;
  Visit visitOfSweep(int sweep) const;
  // Of the results that vary along the row; without operations and operands where there are none.
  Visit lastVisit() const;

  // Indices of the kernel's results of an extent.
  llvm::SmallVector<unsigned> results(Extent extent) const;

 private:
  KernelOp kernel_;
  int sweeps_ = 0;
  llvm::SmallVector<llvm::SmallVector<ReduceOp>> reductions_;
  llvm::DenseMap<mlir::Value, Extent> extents_;
  llvm::DenseMap<mlir::Value, int> known_;
};

}  // namespace gems::pw
