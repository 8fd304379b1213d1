// Lanes: one vector value of a CPU kernel under construction, with operators, so that the functions in Math*.cpp read
// like formulas. Each operation inserts one arith or math op; nothing is computed here.
#pragma once

#include <cstdint>
#include <span>

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace gems::cpu {

class Lanes {
 public:
  Lanes(mlir::ImplicitLocOpBuilder& builder, mlir::Value value) : builder_(&builder), value_(value) {}

  mlir::Value value() const { return value_; }
  mlir::ImplicitLocOpBuilder& builder() const { return *builder_; }
  mlir::VectorType type() const { return mlir::cast<mlir::VectorType>(value_.getType()); }
  mlir::Type elementType() const { return type().getElementType(); }
  int64_t count() const { return type().getNumElements(); }
  unsigned bitWidth() const { return elementType().getIntOrFloatBitWidth(); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(elementType()); }

  // The same constant in every lane, in this value's type.
  Lanes constant(double number) const { return splat(builder_->getFloatAttr(elementType(), number)); }
  Lanes constant(int64_t number) const { return splat(builder_->getIntegerAttr(elementType(), number)); }
  Lanes constant(int number) const { return isFloat() ? constant(double(number)) : constant(int64_t(number)); }

  // Conversions of the element type: between floats (to f32 rounds once), zero extension, the low bits, and a float's
  // bits as integers of the same width, and back.
  Lanes toF64() const { return converted<mlir::arith::ExtFOp>(builder_->getF64Type()); }
  Lanes toF32() const { return converted<mlir::arith::TruncFOp>(builder_->getF32Type()); }
  Lanes extended(mlir::Type element) const { return converted<mlir::arith::ExtUIOp>(element); }
  Lanes truncated(mlir::Type element) const { return converted<mlir::arith::TruncIOp>(element); }
  Lanes bits() const { return converted<mlir::arith::BitcastOp>(builder_->getIntegerType(bitWidth())); }
  Lanes asFloat() const {
    return converted<mlir::arith::BitcastOp>(bitWidth() == 64 ? mlir::Type(builder_->getF64Type())
                                                              : mlir::Type(builder_->getF32Type()));
  }

  Lanes operator-() const { return {*builder_, mlir::arith::NegFOp::create(*builder_, value_)}; }
  // Bit shifts by a constant; >> brings in zeros.
  Lanes operator<<(int count) const { return shifted<mlir::arith::ShLIOp>(count); }
  Lanes operator>>(int count) const { return shifted<mlir::arith::ShRUIOp>(count); }

 private:
  Lanes splat(mlir::Attribute number) const {
    return {*builder_, mlir::arith::ConstantOp::create(*builder_, mlir::DenseElementsAttr::get(type(), number))};
  }
  template <class Op>
  Lanes converted(mlir::Type element) const {
    return {*builder_, Op::create(*builder_, mlir::VectorType::get(type().getShape(), element), value_)};
  }
  template <class Op>
  Lanes shifted(int count) const {
    return {*builder_, Op::create(*builder_, value_, constant(int64_t(count)).value())};
  }

  mlir::ImplicitLocOpBuilder* builder_;
  mlir::Value value_;
};

namespace detail {
// By the type of the elements.
template <class FloatOp, class IntegerOp>
Lanes binary(Lanes a, Lanes b) {
  if (a.isFloat()) return {a.builder(), FloatOp::create(a.builder(), a.value(), b.value())};
  return {a.builder(), IntegerOp::create(a.builder(), a.value(), b.value())};
}
inline Lanes compare(Lanes a, Lanes b, mlir::arith::CmpFPredicate floats, mlir::arith::CmpIPredicate integers) {
  if (a.isFloat()) return {a.builder(), mlir::arith::CmpFOp::create(a.builder(), floats, a.value(), b.value())};
  return {a.builder(), mlir::arith::CmpIOp::create(a.builder(), integers, a.value(), b.value())};
}
}  // namespace detail

#define GEMS_LANES_OPERATOR(symbol, result)                                          \
  inline Lanes operator symbol(Lanes a, Lanes b) { return result; }                  \
  inline Lanes operator symbol(Lanes a, double b) { return a symbol a.constant(b); } \
  inline Lanes operator symbol(double a, Lanes b) { return b.constant(a) symbol b; }
#define GEMS_LANES_ARITHMETIC(symbol, FloatOp, IntegerOp) \
  GEMS_LANES_OPERATOR(symbol, (detail::binary<mlir::arith::FloatOp, mlir::arith::IntegerOp>(a, b)))
GEMS_LANES_ARITHMETIC(+, AddFOp, AddIOp)
GEMS_LANES_ARITHMETIC(-, SubFOp, SubIOp)
GEMS_LANES_ARITHMETIC(*, MulFOp, MulIOp)
// Of floats.
GEMS_LANES_ARITHMETIC(/, DivFOp, DivSIOp)
// Comparisons of floats are ordered except !=, those of integers signed.
#define GEMS_LANES_COMPARISON(symbol, floats, integers) \
  GEMS_LANES_OPERATOR(symbol,                           \
                      detail::compare(a, b, mlir::arith::CmpFPredicate::floats, mlir::arith::CmpIPredicate::integers))
GEMS_LANES_COMPARISON(<, OLT, slt)
GEMS_LANES_COMPARISON(<=, OLE, sle)
GEMS_LANES_COMPARISON(>, OGT, sgt)
GEMS_LANES_COMPARISON(>=, OGE, sge)
GEMS_LANES_COMPARISON(==, OEQ, eq)
GEMS_LANES_COMPARISON(!=, UNE, ne)
#undef GEMS_LANES_COMPARISON
#undef GEMS_LANES_ARITHMETIC
#undef GEMS_LANES_OPERATOR

#define GEMS_LANES_FUNCTION(function, Op) \
  inline Lanes function(Lanes a) { return {a.builder(), mlir::math::Op::create(a.builder(), a.value())}; }
GEMS_LANES_FUNCTION(absolute, AbsFOp)
GEMS_LANES_FUNCTION(squareRoot, SqrtOp)
GEMS_LANES_FUNCTION(truncatedToInteger, TruncOp)
#undef GEMS_LANES_FUNCTION
#define GEMS_LANES_FUNCTION(function, Op) \
  inline Lanes function(Lanes a, Lanes b) { return {a.builder(), mlir::Op::create(a.builder(), a.value(), b.value())}; }
GEMS_LANES_FUNCTION(operator&, arith::AndIOp)
GEMS_LANES_FUNCTION(operator|, arith::OrIOp)
GEMS_LANES_FUNCTION(operator^, arith::XOrIOp)
GEMS_LANES_FUNCTION(withSignOf, math::CopySignOp)  // the magnitude may carry a sign; it is dropped
#undef GEMS_LANES_FUNCTION

inline Lanes select(Lanes condition, Lanes a, Lanes b) {
  return {a.builder(), mlir::arith::SelectOp::create(condition.builder(), condition.value(), a.value(), b.value())};
}
inline Lanes isNan(Lanes x) {
  return {x.builder(), mlir::arith::CmpFOp::create(x.builder(), mlir::arith::CmpFPredicate::UNO, x.value(), x.value())};
}
inline Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {a.builder(), mlir::math::FmaOp::create(a.builder(), a.value(), b.value(), c.value())};
}
inline Lanes fma(Lanes a, double b, Lanes c) { return fma(a, a.constant(b), c); }
inline Lanes fma(Lanes a, Lanes b, double c) { return fma(a, b, a.constant(c)); }
inline Lanes fma(Lanes a, double b, double c) { return fma(a, a.constant(b), a.constant(c)); }
// low <= x <= high; NaN stays NaN.
Lanes clamped(Lanes x, double low, double high);
// Coefficients, constant term first.
Lanes polynomial(std::span<const double> coefficients, Lanes x);
// The same in the square of x, by pairs of terms: half as many operations that wait for one another.
Lanes polynomial(std::span<const double> coefficients, Lanes x, Lanes square);

}  // namespace gems::cpu
