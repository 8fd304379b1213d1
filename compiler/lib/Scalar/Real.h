// Formulas on MLIR values written as formulas: Real and Truth wrap a float or i1 value with its builder, and operators
// append arith and math operations. Used where one scalar operation becomes several.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

namespace gems::pw {

// An i1 value.
struct Truth {
  mlir::ImplicitLocOpBuilder* builder;
  mlir::Value value;

  friend Truth operator&(Truth a, Truth b) {
    return {a.builder, mlir::arith::AndIOp::create(*a.builder, a.value, b.value)};
  }
  friend Truth operator|(Truth a, Truth b) {
    return {a.builder, mlir::arith::OrIOp::create(*a.builder, a.value, b.value)};
  }
  friend Truth operator^(Truth a, Truth b) {
    return {a.builder, mlir::arith::XOrIOp::create(*a.builder, a.value, b.value)};
  }
};

// An f32 or f64 value, or a vector of such. Numbers that meet one become constants of its type.
struct Real {
  mlir::ImplicitLocOpBuilder* builder;
  mlir::Value value;

  mlir::Type type() const { return value.getType(); }
  bool isDouble() const { return mlir::getElementTypeOrSelf(type()).isF64(); }
  Real number(double number) const {
    mlir::TypedAttr value = builder->getFloatAttr(mlir::getElementTypeOrSelf(type()), number);
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type())) value = mlir::DenseElementsAttr::get(vector, value);
    return {builder, mlir::arith::ConstantOp::create(*builder, value)};
  }
};

#define GEMS_REAL_OPERATOR(symbol, Op)                                                                          \
  inline Real operator symbol(Real a, Real b) { return {a.builder, Op::create(*a.builder, a.value, b.value)}; } \
  inline Real operator symbol(Real a, double b) { return a symbol a.number(b); }                                \
  inline Real operator symbol(double a, Real b) { return b.number(a) symbol b; }
GEMS_REAL_OPERATOR(+, mlir::arith::AddFOp)
GEMS_REAL_OPERATOR(-, mlir::arith::SubFOp)
GEMS_REAL_OPERATOR(*, mlir::arith::MulFOp)
GEMS_REAL_OPERATOR(/, mlir::arith::DivFOp)
#undef GEMS_REAL_OPERATOR

inline Real operator-(Real x) { return {x.builder, mlir::arith::NegFOp::create(*x.builder, x.value)}; }

#define GEMS_REAL_COMPARISON(symbol, predicate)                                                                \
  inline Truth operator symbol(Real a, Real b) {                                                               \
    return {a.builder,                                                                                         \
            mlir::arith::CmpFOp::create(*a.builder, mlir::arith::CmpFPredicate::predicate, a.value, b.value)}; \
  }                                                                                                            \
  inline Truth operator symbol(Real a, double b) { return a symbol a.number(b); }
GEMS_REAL_COMPARISON(<, OLT)
GEMS_REAL_COMPARISON(<=, OLE)
GEMS_REAL_COMPARISON(>, OGT)
GEMS_REAL_COMPARISON(>=, OGE)
GEMS_REAL_COMPARISON(==, OEQ)
GEMS_REAL_COMPARISON(!=, UNE)
#undef GEMS_REAL_COMPARISON

inline Real select(Truth condition, Real a, Real b) {
  return {a.builder, mlir::arith::SelectOp::create(*a.builder, condition.value, a.value, b.value)};
}
inline Real select(Truth condition, Real a, double b) { return select(condition, a, a.number(b)); }
inline Real select(Truth condition, double a, Real b) { return select(condition, b.number(a), b); }

#define GEMS_REAL_FUNCTION(function, Op) \
  inline Real function(Real x) { return {x.builder, mlir::math::Op::create(*x.builder, x.value)}; }
GEMS_REAL_FUNCTION(abs, AbsFOp)
GEMS_REAL_FUNCTION(acos, AcosOp)
GEMS_REAL_FUNCTION(asin, AsinOp)
GEMS_REAL_FUNCTION(atan, AtanOp)
GEMS_REAL_FUNCTION(cos, CosOp)
GEMS_REAL_FUNCTION(cosh, CoshOp)
GEMS_REAL_FUNCTION(exp, ExpOp)
GEMS_REAL_FUNCTION(expm1, ExpM1Op)
GEMS_REAL_FUNCTION(floor, FloorOp)
GEMS_REAL_FUNCTION(log, LogOp)
GEMS_REAL_FUNCTION(log1p, Log1pOp)
GEMS_REAL_FUNCTION(sin, SinOp)
GEMS_REAL_FUNCTION(sinh, SinhOp)
GEMS_REAL_FUNCTION(sqrt, SqrtOp)
GEMS_REAL_FUNCTION(tan, TanOp)
GEMS_REAL_FUNCTION(trunc, TruncOp)
#undef GEMS_REAL_FUNCTION

inline Truth isinf(Real x) { return {x.builder, mlir::math::IsInfOp::create(*x.builder, x.value)}; }
inline Truth isfinite(Real x) { return {x.builder, mlir::math::IsFiniteOp::create(*x.builder, x.value)}; }
inline Real atan2(Real y, Real x) { return {y.builder, mlir::math::Atan2Op::create(*y.builder, y.value, x.value)}; }
inline Real copysign(Real magnitude, Real sign) {
  return {sign.builder, mlir::math::CopySignOp::create(*sign.builder, magnitude.value, sign.value)};
}
inline Real copysign(double magnitude, Real sign) { return copysign(sign.number(magnitude), sign); }
inline Real fmod(Real a, Real b) { return {a.builder, mlir::arith::RemFOp::create(*a.builder, a.value, b.value)}; }
inline Real fma(Real a, Real b, Real c) {
  return {a.builder, mlir::math::FmaOp::create(*a.builder, a.value, b.value, c.value)};
}
// NaN if either is NaN.
inline Real maximum(Real a, Real b) {
  return {a.builder, mlir::arith::MaximumFOp::create(*a.builder, a.value, b.value)};
}
inline Real minimum(Real a, Real b) {
  return {a.builder, mlir::arith::MinimumFOp::create(*a.builder, a.value, b.value)};
}

}  // namespace gems::pw
