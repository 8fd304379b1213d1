// What the reductions of reduce_ops.def do in CPU kernels, on vectors.
//
// The elements of a piece of a row go to `lanes` places in turn: element i to place i mod lanes. A pass over the piece
// accumulates what each element contributes, its term, place by place; then the places are folded, the upper half onto
// the lower one until one is left. Moments and ExpSum take two passes over a piece, which is in a cache: the second
// needs the mean, or the maximum, of the whole piece. The result is the partial of the piece; a row of several pieces
// combines theirs.
//
//             pass 0            pass 1                        partial
//   moments   sum x             sum (x - mean)^2              count, mean, squares
//   exp_sum   maximum x         sum exp(x - maximum)          maximum, sum
//   max_index maximum x, index                                maximum, index
//   sum, ...  sum x                                           sum
#pragma once

#include "Cpu/Elements.h"
#include "Pw/Pw.h"

namespace gems::cpu {

// How two accumulated values become one.
enum class Fold { Sum, Prod, Max, Min, MaxIndex, MinIndex };

class Reduction {
 public:
  explicit Reduction(pw::ReduceOp op);

  int passes() const { return isTwoPass() ? 2 : 1; }
  bool needsIndex() const { return folds_[0] == Fold::MaxIndex || folds_[0] == Fold::MinIndex; }

  // Of one lane. Indices of elements are i32 in their piece, and i64 in the row.
  llvm::SmallVector<mlir::Type> accumulatorTypes(int pass) const;
  llvm::SmallVector<mlir::Type> partialTypes() const;

  Parts identity(mlir::ImplicitLocOpBuilder& builder, int pass, int64_t lanes) const;
  // index: i32, in the piece; only where it is needed. earlier: what pass 0 found, in pass 1.
  Parts term(mlir::ImplicitLocOpBuilder& builder, int pass, mlir::Value x, mlir::Value index,
             mlir::Value earlier) const;
  // Where an element does not exist, the identity.
  Parts masked(mlir::ImplicitLocOpBuilder& builder, int pass, mlir::Value exists, const Parts& term) const;
  // term is of a later element than all of `sum`.
  Parts accumulated(mlir::ImplicitLocOpBuilder& builder, int pass, const Parts& sum, const Parts& term) const;
  Parts folded(mlir::ImplicitLocOpBuilder& builder, int pass, const Parts& a, const Parts& b) const;

  // From pass 0, folded, to what pass 1 subtracts. count: the elements of the piece, i64.
  mlir::Value earlier(mlir::ImplicitLocOpBuilder& builder, const Parts& first, mlir::Value count) const;
  // begin: the index in the row of the piece's first element, i64.
  Parts partial(mlir::ImplicitLocOpBuilder& builder, const Parts& first, const Parts& second, mlir::Value count,
                mlir::Value begin) const;
  // a is of earlier elements than b.
  Parts combined(mlir::ImplicitLocOpBuilder& builder, const Parts& a, const Parts& b) const;
  // What the operation gives, of the partial of the whole row.
  Parts values(mlir::ImplicitLocOpBuilder& builder, const Parts& partial) const;

 private:
  bool isTwoPass() const { return kind_ == pw::Reduction::moments || kind_ == pw::Reduction::exp_sum; }
  Fold fold(int pass) const { return folds_[pass]; }
  mlir::Value exponential(mlir::ImplicitLocOpBuilder& builder, mlir::Value x) const;

  pw::Reduction kind_;
  bool isApproximate_;
  mlir::Type type_;  // of an element in registers; bool: i8
  bool isBool_;
  bool isUnsigned_;
  Fold folds_[2];
};

// Lane 0 in each of so many lanes.
mlir::Value broadcastLane(mlir::ImplicitLocOpBuilder& builder, mlir::Value vector, int64_t lanes);

}  // namespace gems::cpu
