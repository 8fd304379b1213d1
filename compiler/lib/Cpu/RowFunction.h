// The function of a rowwise kernel, a CpuRowKernel: what is the same for both walks. Where the lanes of a vector are
// elements of one row, see RowLoop.h; where they are rows, ColumnLoop.h.
#pragma once

#include "Cpu/Control.h"
#include "Cpu/Reductions.h"
#include "Cpu/RowState.h"
#include "Cpu/VectorBody.h"
#include "Pw/RowBody.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace gems::cpu {

class RowFunction {
 public:
  virtual ~RowFunction() = default;
  void build();

 protected:
  RowFunction(pw::KernelOp kernel, VectorUnit unit, int64_t panelRows);

  // What stands in the middle of the function: rows, and phases within if().
  virtual void rows() = 0;
  // A value of one row, or of neighbouring ones, at the row's index in the call.
  virtual Parts loadField(const RowField& field, mlir::Value memory, mlir::Value row, int64_t lanes) = 0;
  virtual void storeField(const RowField& field, mlir::Value memory, mlir::Value row, const Parts& value) = 0;
  virtual Parts loadOfRow(unsigned tensor, const ElementType& type, mlir::Value row, int64_t lanes) = 0;
  virtual void storeOfRow(unsigned tensor, const ElementType& type, mlir::Value row, const Parts& value) = 0;
  // Of one lane of the accumulators in memory.
  virtual int64_t placeBytes() const { return 0; }

  // body() where the call has this phase.
  void inPhase(int64_t phase, llvm::function_ref<void()> body);
  // Whether the call has all phases from one to another.
  mlir::Value hasPhases(int64_t first, int64_t last);
  // Phase 2 k, and 0: reads the first partial.
  void knowAfter(int sweeps, mlir::Value row);
  // Phase 2 k before that: one partial of `pieces`.
  void combinePieces(int sweep, mlir::Value row);
  // The partials of a sweep's reductions from what their passes found; vectors of rowLanes.
  void storePartials(int sweep, mlir::Value row, llvm::ArrayRef<Parts> first, llvm::ArrayRef<Parts> second);

  // The values of the row that a visit needs; operands that are broadcast along the walk.
  void bindOfRow(VectorBody& body, llvm::ArrayRef<mlir::Value> values, mlir::Value row);
  // Operations of a visit, whose operands are known, and whose values are not. index: of the elements, i64.
  void buildVisit(VectorBody& body, const pw::RowBody::Visit& visit, llvm::function_ref<mlir::Value()> index);

  unsigned tensorOf(mlir::BlockArgument operand) const { return tensors_.lookup(operand); }
  unsigned tensorOfResult(unsigned result) const { return operandTensors_ + result; }
  Step stepOf(unsigned tensor) const;
  ElementType typeOfResult(unsigned result);
  mlir::Value loadEntry(mlir::Value array, unsigned index, mlir::Type type);
  mlir::Value dataOf(unsigned tensor) { return loadEntry(data_, tensor, pointer_); }
  mlir::Value strideOf(unsigned tensor) { return loadEntry(strides_, tensor, at_.getI64Type()); }
  mlir::Value number(int64_t value) { return integer(at_, value); }
  mlir::Value plus(mlir::Value a, mlir::Value b) { return mlir::LLVM::AddOp::create(at_, a, b); }
  mlir::Value times(mlir::Value a, mlir::Value b) { return mlir::LLVM::MulOp::create(at_, a, b); }
  mlir::Value isLess(mlir::Value a, mlir::Value b) {
    return mlir::LLVM::ICmpOp::create(at_, mlir::LLVM::ICmpPredicate::slt, a, b);
  }
  // Sums over all rows: adds the terms of the elements at `column` (an index in the row) to those of this part.
  void addTerms(VectorBody& body, mlir::Value column);
  // The last phase.
  void foldSums();
  // In all lanes.
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  mlir::Value splatInteger(int64_t value, mlir::Type element, int64_t lanes);
  // Room for one vector, in the first block of the function.
  mlir::Value buffer(const ElementType& type, int64_t lanes);

  pw::KernelOp kernel_;
  pw::RowBody body_;
  VectorUnit unit_;
  int64_t lanes_;      // of visits
  int64_t rowLanes_;   // of operations on values of rows
  int64_t panelRows_;  // rows that have their values side by side
  mlir::ImplicitLocOpBuilder at_;
  mlir::LLVM::LLVMPointerType pointer_;
  mlir::LLVM::LLVMFuncOp function_;
  std::vector<llvm::SmallVector<Reduction>> reductions_;  // by sweep
  mlir::Value data_, strides_, numbers_, rows_, count_, begin_, length_, pieces_, record_, partials_, places_, sums_;

 private:
  void declare();
  void describe();
  mlir::Value field(size_t offset, mlir::Type type);
  void placeFields();
  int64_t partialBytes() const;
  // Of a result's sum at a column of the row, in the sums of a part.
  Place placeOfSum(const RowField& field, mlir::Value part, mlir::Value column);
  Parts added(const Parts& a, const Parts& b);
  bool isKept(mlir::Value value) const;
  Parts ofRow(mlir::Value value, mlir::Value row, int64_t lanes);
  void pick(pw::PickOp op, VectorBody& body, mlir::Value row);
  Parts elementsAt(const ElementType& type, llvm::ArrayRef<mlir::Value> addresses, llvm::ArrayRef<mlir::Value> exist);

  mlir::Value call_, firstPhase_, endPhase_;
  llvm::DenseMap<mlir::Value, unsigned> tensors_, numberIndices_;
  unsigned operandTensors_ = 0;
  llvm::DenseMap<mlir::Value, RowField> recordFields_;
  int64_t recordBytes_ = 0;
  std::vector<llvm::SmallVector<llvm::SmallVector<RowField>>> partialFields_;  // by sweep, by reduction
  std::vector<int64_t> partialSizes_;
  llvm::SmallVector<std::pair<unsigned, RowField>> sumFields_;  // by result
  int64_t sumBytes_ = 0;
};

}  // namespace gems::cpu
