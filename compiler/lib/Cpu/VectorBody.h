// Scalar operations of a pw.kernel as operations on vectors, one for each scalar operation.
#pragma once

#include "Cpu/Elements.h"
#include "Cpu/VectorUnit.h"
#include "Pw/Pw.h"
#include "llvm/ADT/DenseMap.h"

namespace gems::cpu {

// Vectors of `lanes` elements for scalar values of the body. Copies go on from the same values.
class VectorBody {
 public:
  // bf16Pairs: the lanes are in the order of Bf16Pairs.h.
  VectorBody(int64_t lanes, bool bf16Pairs, VectorUnit unit) : lanes_(lanes), bf16Pairs_(bf16Pairs), unit_(unit) {}

  int64_t lanes() const { return lanes_; }
  void bind(mlir::Value scalar, Parts parts) { values_[scalar] = std::move(parts); }
  bool has(mlir::Value scalar) const { return values_.contains(scalar); }
  const Parts& at(mlir::Value scalar) const { return values_.find(scalar)->second; }

  // The vector operation of a scalar one whose operands are known; its result is known afterwards.
  void build(mlir::Operation& op, mlir::ImplicitLocOpBuilder& builder);

 private:
  mlir::Type vectorType(mlir::Type scalar) const { return mlir::VectorType::get({lanes_}, registerType(scalar)); }
  Parts vectorOf(mlir::Operation& op, mlir::ImplicitLocOpBuilder& builder) const;
  mlir::Value constant(mlir::Operation& op, mlir::ImplicitLocOpBuilder& builder) const;
  mlir::Value extended(mlir::Operation& op, mlir::ImplicitLocOpBuilder& builder) const;
  mlir::Value truncated(mlir::Operation& op, mlir::ImplicitLocOpBuilder& builder) const;
  mlir::Value toInteger(mlir::Operation& op, mlir::ImplicitLocOpBuilder& builder) const;
  mlir::Value renamed(mlir::Operation& op, mlir::ImplicitLocOpBuilder& builder) const;
  mlir::Value part(mlir::Value scalar, unsigned index = 0) const { return at(scalar)[index]; }

  int64_t lanes_;
  bool bf16Pairs_;
  VectorUnit unit_;
  llvm::DenseMap<mlir::Value, Parts> values_;
};

// What a value of the body is in the vector body; invariant: the same in every iteration, built before the loop.
struct LaneValue {
  Parts parts;
  bool isInvariant = false;
};

// The body of a pointwise kernel, of as many lanes as its CPU schedule says. Builds operations whose operands are all
// invariant with `before`, the others with `inside`. arguments: one for each block argument. Returns what the kernel
// yields.
llvm::SmallVector<LaneValue> buildVectorBody(pw::KernelOp kernel, llvm::ArrayRef<LaneValue> arguments, VectorUnit unit,
                                             mlir::ImplicitLocOpBuilder& before, mlir::ImplicitLocOpBuilder& inside);

}  // namespace gems::cpu
