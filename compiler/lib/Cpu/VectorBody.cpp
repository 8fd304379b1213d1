// Scalar operations to vector operations: most keep their name and attributes and change their types only.
#include "Cpu/VectorBody.h"

#include "Cpu/Bf16Pairs.h"
#include "Cpu/Lanes.h"
#include "Cpu/NarrowFloat.h"
#include "Pw/Pw.h"
#include "llvm/ADT/DenseSet.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace gems::cpu {

Value VectorBody::constant(Operation& operation, ImplicitLocOpBuilder& builder) const {
  auto op = cast<arith::ConstantOp>(operation);
  Attribute value = op.getValue();
  if (pw::isNarrowFloat(op.getType()))
    value = builder.getIntegerAttr(registerType(op.getType()), cast<FloatAttr>(value).getValue().bitcastToAPInt());
  return arith::ConstantOp::create(builder, DenseElementsAttr::get(cast<ShapedType>(vectorType(op.getType())), value));
}

Value VectorBody::extended(Operation& operation, ImplicitLocOpBuilder& builder) const {
  auto op = cast<arith::ExtFOp>(operation);
  std::optional<DType> from = pw::narrowFloat(op.getIn().getType());
  if (!from) return renamed(operation, builder);
  Lanes narrow(builder, part(op.getIn()));
  Lanes wide = bf16Pairs_ ? bf16PairsToF32(narrow) : narrowToF32(narrow, *from, unit_);
  return (op.getType().isF64() ? wide.toF64() : wide).value();
}

Value VectorBody::truncated(Operation& operation, ImplicitLocOpBuilder& builder) const {
  auto op = cast<arith::TruncFOp>(operation);
  std::optional<DType> to = pw::narrowFloat(op.getType());
  if (!to) return renamed(operation, builder);
  Lanes wide(builder, part(op.getIn()));
  return (bf16Pairs_ ? f32ToBf16Pairs(wide) : f32ToNarrow(wide, *to, unit_)).value();
}

// NaN of some float8 types becomes 0.
Value VectorBody::toInteger(Operation& op, ImplicitLocOpBuilder& builder) const {
  Lanes integer(builder, renamed(op, builder));
  auto extf = op.getOperand(0).getDefiningOp<arith::ExtFOp>();
  std::optional<DType> from = extf ? pw::narrowFloat(extf.getIn().getType()) : std::nullopt;
  if (!from || !nan_becomes_zero(*from)) return integer.value();
  return select(isNan(Lanes(builder, part(op.getOperand(0)))), integer.constant(0), integer).value();
}

// The same operation on vectors.
Value VectorBody::renamed(Operation& op, ImplicitLocOpBuilder& builder) const {
  IRMapping mapping;
  for (Value operand : op.getOperands()) mapping.map(operand, part(operand));
  Operation* clone = builder.clone(op, mapping);
  clone->getResult(0).setType(vectorType(op.getResult(0).getType()));
  return clone->getResult(0);
}

Parts VectorBody::vectorOf(Operation& op, ImplicitLocOpBuilder& builder) const {
  if (isa<arith::ConstantOp>(op)) return {constant(op, builder)};
  if (isa<arith::ExtFOp>(op)) return {extended(op, builder)};
  if (isa<arith::TruncFOp>(op)) return {truncated(op, builder)};
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op)) return {toInteger(op, builder)};
  if (auto re = dyn_cast<complex::ReOp>(op)) return {part(re.getComplex(), 0)};
  if (auto im = dyn_cast<complex::ImOp>(op)) return {part(im.getComplex(), 1)};
  if (auto create = dyn_cast<complex::CreateOp>(op)) return {part(create.getReal()), part(create.getImaginary())};
  // Between a narrow float and the integer of its width there is nothing to do.
  if (auto bitcast = dyn_cast<arith::BitcastOp>(op))
    if (registerType(bitcast.getType()) == registerType(bitcast.getIn().getType())) return {part(bitcast.getIn())};
  return {renamed(op, builder)};
}

void VectorBody::build(Operation& op, ImplicitLocOpBuilder& builder) { bind(op.getResult(0), vectorOf(op, builder)); }

SmallVector<LaneValue> buildVectorBody(pw::KernelOp kernel, ArrayRef<LaneValue> arguments, VectorUnit unit,
                                       ImplicitLocOpBuilder& before, ImplicitLocOpBuilder& inside) {
  pw::CpuScheduleAttr schedule = kernel.getCpuScheduleAttr();
  VectorBody vectors(schedule.getLanes(), schedule.getBf16Pairs(), unit);
  llvm::DenseSet<Value> invariants;
  Block& body = kernel.getBody().front();
  for (auto [argument, value] : llvm::zip_equal(body.getArguments(), arguments)) {
    vectors.bind(argument, value.parts);
    if (value.isInvariant) invariants.insert(argument);
  }
  for (Operation& op : body.without_terminator()) {
    const bool isInvariant = llvm::all_of(op.getOperands(), [&](Value value) { return invariants.contains(value); });
    ImplicitLocOpBuilder& builder = isInvariant ? before : inside;
    builder.setLoc(op.getLoc());
    vectors.build(op, builder);
    if (isInvariant) invariants.insert(op.getResult(0));
  }
  SmallVector<LaneValue> results;
  for (Value value : kernel.getYield().getValues()) results.push_back({vectors.at(value), invariants.contains(value)});
  return results;
}

}  // namespace gems::cpu
