// Lanes: one vector value of a CPU kernel under construction, with operators, so that the functions in Math*.cpp read
// like formulas. Each operation inserts one arith or math op; nothing is computed here.
#pragma once

#include <cstdint>
#include <span>

#include "mlir/Dialect/Arith/IR/Arith.h"
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
  Lanes constant(double number) const;
  Lanes constant(int64_t number) const;
  Lanes constant(int number) const { return isFloat() ? constant(double(number)) : constant(int64_t(number)); }

  // Conversions of the element type.
  Lanes toF64() const;                        // from f32; exact
  Lanes toF32() const;                        // from f64; rounds once
  Lanes bits() const;                         // a float's bits as integers of the same width
  Lanes asFloat() const;                      // the inverse of bits()
  Lanes extended(mlir::Type element) const;   // zero extension
  Lanes truncated(mlir::Type element) const;  // the low bits

  Lanes operator-() const;
  // Comparisons of floats are ordered except !=, those of integers signed.
  friend Lanes operator+(Lanes a, Lanes b);
  friend Lanes operator-(Lanes a, Lanes b);
  friend Lanes operator*(Lanes a, Lanes b);
  friend Lanes operator/(Lanes a, Lanes b);
  friend Lanes operator&(Lanes a, Lanes b);
  friend Lanes operator|(Lanes a, Lanes b);
  friend Lanes operator^(Lanes a, Lanes b);
  friend Lanes operator<(Lanes a, Lanes b);
  friend Lanes operator<=(Lanes a, Lanes b);
  friend Lanes operator>(Lanes a, Lanes b);
  friend Lanes operator>=(Lanes a, Lanes b);
  friend Lanes operator==(Lanes a, Lanes b);
  friend Lanes operator!=(Lanes a, Lanes b);
  // Bit shifts by a constant; >> brings in zeros.
  Lanes operator<<(int count) const;
  Lanes operator>>(int count) const;

#define GEMS_LANES_WITH_NUMBER(symbol)                                               \
  friend Lanes operator symbol(Lanes a, double b) { return a symbol a.constant(b); } \
  friend Lanes operator symbol(double a, Lanes b) { return b.constant(a) symbol b; }
  GEMS_LANES_WITH_NUMBER(+)
  GEMS_LANES_WITH_NUMBER(-)
  GEMS_LANES_WITH_NUMBER(*)
  GEMS_LANES_WITH_NUMBER(/)
  GEMS_LANES_WITH_NUMBER(<)
  GEMS_LANES_WITH_NUMBER(<=)
  GEMS_LANES_WITH_NUMBER(>)
  GEMS_LANES_WITH_NUMBER(>=)
  GEMS_LANES_WITH_NUMBER(==)
  GEMS_LANES_WITH_NUMBER(!=)
#undef GEMS_LANES_WITH_NUMBER

 private:
  mlir::ImplicitLocOpBuilder* builder_;
  mlir::Value value_;
};

Lanes select(Lanes condition, Lanes ifTrue, Lanes ifFalse);
Lanes isNan(Lanes x);
Lanes absolute(Lanes x);
Lanes withSignOf(Lanes magnitude, Lanes sign);  // the magnitude may carry a sign; it is dropped
Lanes squareRoot(Lanes x);
Lanes truncatedToInteger(Lanes x);
Lanes fma(Lanes a, Lanes b, Lanes c);
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
