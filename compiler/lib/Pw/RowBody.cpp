// Walks over the body find extents and sweeps; visits are backward slices of it.
#include "Pw/RowBody.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

llvm::DenseMap<Value, Extent> pw::extentsOf(KernelOp kernel) {
  llvm::DenseMap<Value, Extent> extents;
  Block& block = kernel.getBody().front();
  for (BlockArgument argument : block.getArguments()) {
    OperandAttr spec = kernel.operandSpec(argument.getArgNumber());
    extents[argument] = spec.getForm() == OperandForm::Number ? Extent::Call : spec.getExtent();
  }
  for (Operation& op : block.without_terminator()) {
    Extent extent = Extent::Call;
    for (Value operand : op.getOperands()) extent = join(extent, extents.lookup(operand));
    if (isa<RowIndexOp>(op)) extent = Extent::Column;
    if (isa<pw::ReduceOp, PickOp>(op)) extent = Extent::Row;
    for (Value result : op.getResults()) extents[result] = extent;
  }
  return extents;
}

RowBody::RowBody(KernelOp kernel) : kernel_(kernel), extents_(extentsOf(kernel)) {
  for (Operation& op : kernel.getBody().front().without_terminator()) {
    int known = 0;
    for (Value operand : op.getOperands()) known = std::max(known, known_.lookup(operand));
    if (auto reduce = dyn_cast<pw::ReduceOp>(op)) {
      known = static_cast<int>(*reduce.getSweep());
      sweeps_ = std::max(sweeps_, known);
      reductions_.resize(static_cast<size_t>(sweeps_));
      reductions_[static_cast<size_t>(known) - 1].push_back(reduce);
    }
    for (Value result : op.getResults()) known_[result] = known;
  }
}

SmallVector<Operation*> RowBody::rowOperations(int sweeps) const {
  SmallVector<Operation*> operations;
  for (Operation& op : KernelOp(kernel_).getBody().front().without_terminator())
    if (!isa<pw::ReduceOp>(op) && isOfRow(op.getResult(0)) && knownAfter(op.getResult(0)) == sweeps)
      operations.push_back(&op);
  return operations;
}

RowBody::Visit RowBody::visit(ValueRange roots) const {
  llvm::SetVector<Value> needed(roots.begin(), roots.end());
  Visit visit;
  llvm::DenseSet<Operation*> operations;
  for (size_t i = 0; i < needed.size(); ++i) {
    Value value = needed[i];
    if (isOfRow(value)) {
      visit.ofRow.push_back(value);
    } else if (auto operand = dyn_cast<BlockArgument>(value)) {
      visit.operands.push_back(operand);
    } else if (operations.insert(value.getDefiningOp()).second) {
      needed.insert_range(value.getDefiningOp()->getOperands());
    }
  }
  for (Operation& op : KernelOp(kernel_).getBody().front())
    if (operations.contains(&op)) visit.operations.push_back(&op);
  llvm::sort(visit.operands, [](auto a, auto b) { return a.getArgNumber() < b.getArgNumber(); });
  return visit;
}

RowBody::Visit RowBody::visitOfSweep(int sweep) const {
  SmallVector<Value> roots;
  for (pw::ReduceOp reduce : reductions(sweep)) roots.push_back(reduce->getOperand(0));
  return visit(roots);
}

RowBody::Visit RowBody::lastVisit() const {
  SmallVector<Value> roots;
  for (unsigned result : llvm::concat<unsigned>(results(Extent::Element), results(Extent::Column)))
    roots.push_back(KernelOp(kernel_).getYield().getValues()[result]);
  return visit(roots);
}

SmallVector<unsigned> RowBody::results(Extent extent) const {
  SmallVector<unsigned> found;
  for (auto [index, spec] : llvm::enumerate(KernelOp(kernel_).getResultSpecs().getAsRange<ResultAttr>()))
    if (spec.getExtent() == extent) found.push_back(static_cast<unsigned>(index));
  return found;
}
