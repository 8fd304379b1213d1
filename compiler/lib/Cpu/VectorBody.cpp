// Scalar operations to vector operations: most keep their name and attributes and change their types only.
#include "Cpu/VectorBody.h"

#include "Cpu/Bf16Pairs.h"
#include "Cpu/Lanes.h"
#include "Cpu/NarrowFloat.h"
#include "Pw/Pw.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace gems::cpu {
namespace {

class Vectorizer {
 public:
  Vectorizer(pw::CpuScheduleAttr schedule, VectorUnit unit) : schedule_(schedule), unit_(unit) {}

  void bind(Value scalar, const LaneValue& value) { values_[scalar] = value; }
  const LaneValue& lookup(Value scalar) const { return values_.find(scalar)->second; }
  bool isInvariant(Operation& op) const {
    return llvm::all_of(op.getOperands(), [&](Value operand) { return lookup(operand).isInvariant; });
  }
  Parts build(Operation& op, ImplicitLocOpBuilder& builder) const;

 private:
  Type vectorType(Type scalar) const { return VectorType::get({schedule_.getLanes()}, registerType(scalar)); }
  Value constant(arith::ConstantOp op, ImplicitLocOpBuilder& builder) const;
  Value extended(arith::ExtFOp op, ImplicitLocOpBuilder& builder) const;
  Value truncated(arith::TruncFOp op, ImplicitLocOpBuilder& builder) const;
  Value toInteger(Operation& op, ImplicitLocOpBuilder& builder) const;
  Value renamed(Operation& op, ImplicitLocOpBuilder& builder) const;
  Value part(Value scalar, unsigned index = 0) const { return lookup(scalar).parts[index]; }

  pw::CpuScheduleAttr schedule_;
  VectorUnit unit_;
  llvm::DenseMap<Value, LaneValue> values_;
};

Value Vectorizer::constant(arith::ConstantOp op, ImplicitLocOpBuilder& builder) const {
  Attribute value = op.getValue();
  if (pw::isNarrowFloat(op.getType()))
    value = builder.getIntegerAttr(registerType(op.getType()), cast<FloatAttr>(value).getValue().bitcastToAPInt());
  return arith::ConstantOp::create(builder, DenseElementsAttr::get(cast<ShapedType>(vectorType(op.getType())), value));
}

Value Vectorizer::extended(arith::ExtFOp op, ImplicitLocOpBuilder& builder) const {
  std::optional<DType> from = pw::narrowFloat(op.getIn().getType());
  if (!from) return renamed(*op, builder);
  Lanes narrow(builder, part(op.getIn()));
  Lanes wide = schedule_.getBf16Pairs() ? bf16PairsToF32(narrow) : narrowToF32(narrow, *from, unit_);
  return (op.getType().isF64() ? wide.toF64() : wide).value();
}

Value Vectorizer::truncated(arith::TruncFOp op, ImplicitLocOpBuilder& builder) const {
  std::optional<DType> to = pw::narrowFloat(op.getType());
  if (!to) return renamed(*op, builder);
  Lanes wide(builder, part(op.getIn()));
  return (schedule_.getBf16Pairs() ? f32ToBf16Pairs(wide) : f32ToNarrow(wide, *to, unit_)).value();
}

// NaN of some float8 types becomes 0.
Value Vectorizer::toInteger(Operation& op, ImplicitLocOpBuilder& builder) const {
  Lanes integer(builder, renamed(op, builder));
  auto extf = op.getOperand(0).getDefiningOp<arith::ExtFOp>();
  std::optional<DType> from = extf ? pw::narrowFloat(extf.getIn().getType()) : std::nullopt;
  if (!from || !nan_becomes_zero(*from)) return integer.value();
  return select(isNan(Lanes(builder, part(op.getOperand(0)))), integer.constant(0), integer).value();
}

// The same operation on vectors.
Value Vectorizer::renamed(Operation& op, ImplicitLocOpBuilder& builder) const {
  IRMapping mapping;
  for (Value operand : op.getOperands()) mapping.map(operand, part(operand));
  Operation* clone = builder.clone(op, mapping);
  clone->getResult(0).setType(vectorType(op.getResult(0).getType()));
  return clone->getResult(0);
}

Parts Vectorizer::build(Operation& op, ImplicitLocOpBuilder& builder) const {
  if (auto constantOp = dyn_cast<arith::ConstantOp>(op)) return {constant(constantOp, builder)};
  if (auto extf = dyn_cast<arith::ExtFOp>(op)) return {extended(extf, builder)};
  if (auto truncf = dyn_cast<arith::TruncFOp>(op)) return {truncated(truncf, builder)};
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op)) return {toInteger(op, builder)};
  if (auto re = dyn_cast<complex::ReOp>(op)) return {part(re.getComplex(), 0)};
  if (auto im = dyn_cast<complex::ImOp>(op)) return {part(im.getComplex(), 1)};
  if (auto create = dyn_cast<complex::CreateOp>(op)) return {part(create.getReal()), part(create.getImaginary())};
  // Between a narrow float and the integer of its width there is nothing to do.
  if (auto bitcast = dyn_cast<arith::BitcastOp>(op))
    if (registerType(bitcast.getType()) == registerType(bitcast.getIn().getType())) return {part(bitcast.getIn())};
  return {renamed(op, builder)};
}

}  // namespace

SmallVector<LaneValue> buildVectorBody(pw::KernelOp kernel, ArrayRef<LaneValue> arguments, VectorUnit unit,
                                       ImplicitLocOpBuilder& before, ImplicitLocOpBuilder& inside) {
  Vectorizer vectorizer(kernel.getCpuScheduleAttr(), unit);
  Block& body = kernel.getBody().front();
  for (auto [argument, value] : llvm::zip_equal(body.getArguments(), arguments)) vectorizer.bind(argument, value);
  for (Operation& op : body.without_terminator()) {
    const bool isInvariant = vectorizer.isInvariant(op);
    ImplicitLocOpBuilder& builder = isInvariant ? before : inside;
    builder.setLoc(op.getLoc());
    vectorizer.bind(op.getResult(0), {vectorizer.build(op, builder), isInvariant});
  }
  SmallVector<LaneValue> results;
  for (Value value : kernel.getYield().getValues()) results.push_back(vectorizer.lookup(value));
  return results;
}

}  // namespace gems::cpu
