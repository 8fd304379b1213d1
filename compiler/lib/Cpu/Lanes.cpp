// The operations of Lanes as arith and math ops on vectors.
#include "Lanes.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace gems::cpu {
namespace {

VectorType withElement(Lanes x, Type element) { return VectorType::get(x.type().getShape(), element); }

Lanes splat(Lanes like, Attribute number) {
  return {like.builder(), arith::ConstantOp::create(like.builder(), DenseElementsAttr::get(like.type(), number))};
}

template <class FloatOp, class IntegerOp>
Lanes binary(Lanes a, Lanes b) {
  ImplicitLocOpBuilder& builder = a.builder();
  if (a.isFloat()) return {builder, FloatOp::create(builder, a.value(), b.value())};
  return {builder, IntegerOp::create(builder, a.value(), b.value())};
}

Lanes compare(Lanes a, Lanes b, arith::CmpFPredicate floats, arith::CmpIPredicate integers) {
  ImplicitLocOpBuilder& builder = a.builder();
  if (a.isFloat()) return {builder, arith::CmpFOp::create(builder, floats, a.value(), b.value())};
  return {builder, arith::CmpIOp::create(builder, integers, a.value(), b.value())};
}

}  // namespace

Lanes Lanes::constant(double number) const { return splat(*this, builder_->getFloatAttr(elementType(), number)); }
Lanes Lanes::constant(int64_t number) const { return splat(*this, builder_->getIntegerAttr(elementType(), number)); }

Lanes Lanes::toF64() const {
  return {*builder_, arith::ExtFOp::create(*builder_, withElement(*this, builder_->getF64Type()), value_)};
}
Lanes Lanes::toF32() const {
  return {*builder_, arith::TruncFOp::create(*builder_, withElement(*this, builder_->getF32Type()), value_)};
}
Lanes Lanes::bits() const {
  return {*builder_,
          arith::BitcastOp::create(*builder_, withElement(*this, builder_->getIntegerType(bitWidth())), value_)};
}
Lanes Lanes::asFloat() const {
  Type element = bitWidth() == 64 ? Type(builder_->getF64Type()) : Type(builder_->getF32Type());
  return {*builder_, arith::BitcastOp::create(*builder_, withElement(*this, element), value_)};
}
Lanes Lanes::extended(Type element) const {
  return {*builder_, arith::ExtUIOp::create(*builder_, withElement(*this, element), value_)};
}
Lanes Lanes::truncated(Type element) const {
  return {*builder_, arith::TruncIOp::create(*builder_, withElement(*this, element), value_)};
}

Lanes Lanes::operator-() const { return {*builder_, arith::NegFOp::create(*builder_, value_)}; }
Lanes operator+(Lanes a, Lanes b) { return binary<arith::AddFOp, arith::AddIOp>(a, b); }
Lanes operator-(Lanes a, Lanes b) { return binary<arith::SubFOp, arith::SubIOp>(a, b); }
Lanes operator*(Lanes a, Lanes b) { return binary<arith::MulFOp, arith::MulIOp>(a, b); }
Lanes operator/(Lanes a, Lanes b) { return {a.builder(), arith::DivFOp::create(a.builder(), a.value(), b.value())}; }
Lanes operator&(Lanes a, Lanes b) { return {a.builder(), arith::AndIOp::create(a.builder(), a.value(), b.value())}; }
Lanes operator|(Lanes a, Lanes b) { return {a.builder(), arith::OrIOp::create(a.builder(), a.value(), b.value())}; }
Lanes operator^(Lanes a, Lanes b) { return {a.builder(), arith::XOrIOp::create(a.builder(), a.value(), b.value())}; }
Lanes operator<(Lanes a, Lanes b) { return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt); }
Lanes operator<=(Lanes a, Lanes b) { return compare(a, b, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle); }
Lanes operator>(Lanes a, Lanes b) { return compare(a, b, arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt); }
Lanes operator>=(Lanes a, Lanes b) { return compare(a, b, arith::CmpFPredicate::OGE, arith::CmpIPredicate::sge); }
Lanes operator==(Lanes a, Lanes b) { return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq); }
Lanes operator!=(Lanes a, Lanes b) { return compare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne); }
Lanes Lanes::operator<<(int count) const {
  return {*builder_, arith::ShLIOp::create(*builder_, value_, constant(int64_t(count)).value())};
}
Lanes Lanes::operator>>(int count) const {
  return {*builder_, arith::ShRUIOp::create(*builder_, value_, constant(int64_t(count)).value())};
}

Lanes select(Lanes condition, Lanes ifTrue, Lanes ifFalse) {
  ImplicitLocOpBuilder& builder = condition.builder();
  return {builder, arith::SelectOp::create(builder, condition.value(), ifTrue.value(), ifFalse.value())};
}

Lanes isNan(Lanes x) {
  return {x.builder(), arith::CmpFOp::create(x.builder(), arith::CmpFPredicate::UNO, x.value(), x.value())};
}
Lanes absolute(Lanes x) { return {x.builder(), math::AbsFOp::create(x.builder(), x.value())}; }
Lanes withSignOf(Lanes magnitude, Lanes sign) {
  return {magnitude.builder(), math::CopySignOp::create(magnitude.builder(), magnitude.value(), sign.value())};
}
Lanes squareRoot(Lanes x) { return {x.builder(), math::SqrtOp::create(x.builder(), x.value())}; }
Lanes truncatedToInteger(Lanes x) { return {x.builder(), math::TruncOp::create(x.builder(), x.value())}; }
Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {a.builder(), math::FmaOp::create(a.builder(), a.value(), b.value(), c.value())};
}

Lanes clamped(Lanes x, double low, double high) {
  Lanes raised = select(x < low, x.constant(low), x);
  return select(raised > high, x.constant(high), raised);
}

Lanes polynomial(std::span<const double> coefficients, Lanes x) {
  Lanes sum = x.constant(coefficients.back());
  for (size_t i = coefficients.size() - 1; i-- > 0;) sum = fma(sum, x, coefficients[i]);
  return sum;
}

Lanes polynomial(std::span<const double> coefficients, Lanes x, Lanes square) {
  auto pair = [&](size_t i) {
    Lanes first = x.constant(coefficients[i]);
    return i + 1 < coefficients.size() ? fma(x, coefficients[i + 1], first) : first;
  };
  size_t i = (coefficients.size() - 1) / 2 * 2;
  Lanes sum = pair(i);
  while (i > 0) sum = fma(sum, square, pair(i -= 2));
  return sum;
}

}  // namespace gems::cpu
