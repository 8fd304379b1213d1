// Scalar operations on floats. Most are one operation of arith or math; narrow ones stay narrow here, and
// pw-legalize-narrow-floats gives each operation its f32 arithmetic. Composite ones round once, so they widen here.
#include <cmath>

#include "Import/ImportScalar.h"
#include "Pw/Pw.h"
#include "Scalar/Cast.h"
#include "Scalar/Real.h"
#include "mlir/Dialect/Complex/IR/Complex.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

template <class Op>
Value one(ImplicitLocOpBuilder& b, ValueRange args) {
  if constexpr (Op::template hasTrait<OpTrait::OneOperand>()) {
    return Op::create(b, args[0]);
  } else if constexpr (Op::template hasTrait<OpTrait::NOperands<2>::Impl>()) {
    return Op::create(b, args[0], args[1]);
  } else {
    return Op::create(b, args[0], args[1], args[2]);
  }
}

// Operations that MLIR has as one operation.
Value importDirect(ImplicitLocOpBuilder& b, ScalarOp op, ValueRange args) {
  switch (op) {
    case ScalarOp::Add:
      return one<arith::AddFOp>(b, args);
    case ScalarOp::Sub:
      return one<arith::SubFOp>(b, args);
    case ScalarOp::Mul:
      return one<arith::MulFOp>(b, args);
    case ScalarOp::Div:
      return one<arith::DivFOp>(b, args);
    case ScalarOp::Fmod:
      return one<arith::RemFOp>(b, args);
    case ScalarOp::Neg:
      return one<arith::NegFOp>(b, args);
    case ScalarOp::Min:
      return one<arith::MinimumFOp>(b, args);
    case ScalarOp::Max:
      return one<arith::MaximumFOp>(b, args);
    case ScalarOp::Fmin:
      return one<arith::MinNumFOp>(b, args);
    case ScalarOp::Fmax:
      return one<arith::MaxNumFOp>(b, args);
    case ScalarOp::Fma:
      return one<math::FmaOp>(b, args);
    case ScalarOp::Abs:
      return one<math::AbsFOp>(b, args);
    case ScalarOp::Sqrt:
      return one<math::SqrtOp>(b, args);
    case ScalarOp::Rsqrt:
      return one<math::RsqrtOp>(b, args);
    case ScalarOp::Exp:
      return one<math::ExpOp>(b, args);
    case ScalarOp::Exp2:
      return one<math::Exp2Op>(b, args);
    case ScalarOp::Expm1:
      return one<math::ExpM1Op>(b, args);
    case ScalarOp::Log:
      return one<math::LogOp>(b, args);
    case ScalarOp::Log2:
      return one<math::Log2Op>(b, args);
    case ScalarOp::Log10:
      return one<math::Log10Op>(b, args);
    case ScalarOp::Log1p:
      return one<math::Log1pOp>(b, args);
    case ScalarOp::Sin:
      return one<math::SinOp>(b, args);
    case ScalarOp::Cos:
      return one<math::CosOp>(b, args);
    case ScalarOp::Tan:
      return one<math::TanOp>(b, args);
    case ScalarOp::Asin:
      return one<math::AsinOp>(b, args);
    case ScalarOp::Acos:
      return one<math::AcosOp>(b, args);
    case ScalarOp::Atan:
      return one<math::AtanOp>(b, args);
    case ScalarOp::Sinh:
      return one<math::SinhOp>(b, args);
    case ScalarOp::Cosh:
      return one<math::CoshOp>(b, args);
    case ScalarOp::Tanh:
      return one<math::TanhOp>(b, args);
    case ScalarOp::Erf:
      return one<math::ErfOp>(b, args);
    case ScalarOp::Erfc:
      return one<math::ErfcOp>(b, args);
    case ScalarOp::Floor:
      return one<math::FloorOp>(b, args);
    case ScalarOp::Ceil:
      return one<math::CeilOp>(b, args);
    case ScalarOp::Trunc:
      return one<math::TruncOp>(b, args);
    case ScalarOp::Round:
      return one<math::RoundEvenOp>(b, args);
    case ScalarOp::IsNan:
      return one<math::IsNaNOp>(b, args);
    case ScalarOp::IsInf:
      return one<math::IsInfOp>(b, args);
    case ScalarOp::IsFinite:
      return one<math::IsFiniteOp>(b, args);
    case ScalarOp::Pow:
      return one<math::PowFOp>(b, args);
    case ScalarOp::Atan2:
      return one<math::Atan2Op>(b, args);
    case ScalarOp::Copysign:
      return one<math::CopySignOp>(b, args);
    default:
      return {};
  }
}

Value compare(ImplicitLocOpBuilder& b, ScalarOp op, Value x, Value y) {
  using arith::CmpFPredicate;
  auto is = [&](CmpFPredicate predicate) -> Value { return arith::CmpFOp::create(b, predicate, x, y); };
  switch (op) {
    case ScalarOp::Eq:
      return is(CmpFPredicate::OEQ);
    case ScalarOp::Ne:
      return is(CmpFPredicate::UNE);
    case ScalarOp::Lt:
      return is(CmpFPredicate::OLT);
    case ScalarOp::Le:
      return is(CmpFPredicate::OLE);
    case ScalarOp::Gt:
      return is(CmpFPredicate::OGT);
    case ScalarOp::Ge:
      return is(CmpFPredicate::OGE);
    default:
      return {};
  }
}

// The values of c10::div_floor_floating without its fmod. A quotient that was rounded up to an integer has a floor that
// is one too large: its remainder, which one fma gives exactly, has the sign that b has not. From 2^digits on quotients
// are integers. An infinity divided by a finite number other than 0 is NaN, as its fmod would be.
Real floorDivide(Real a, Real b) {
  Real quotient = a / b;
  Real floored = floor(quotient);
  Real rest = select(floored == 0.0, a, fma(-floored, b, a));
  Real corrected = select((rest != 0.0) & ((rest < 0.0) ^ (b < 0.0)), floored - 1.0, floored);
  Real whole = select(b == 0.0, quotient, quotient + (a - a));
  return select(abs(quotient) < std::ldexp(1.0, a.isDouble() ? 53 : 24), corrected, whole);
}

Real remainder(Real x, Real y) {
  Real m = fmod(x, y);
  return select((m != 0.0) & ((m < 0.0) ^ (y < 0.0)), m + y, m);
}

// Operations that become several; x and y are f32 or f64.
Value importComposite(ScalarOp op, Real x, Real y) {
  switch (op) {
    case ScalarOp::TruncDiv:
      return trunc(x / y).value;
    case ScalarOp::FloorDiv:
      return floorDivide(x, y).value;
    case ScalarOp::Remainder:
      return remainder(x, y).value;
    case ScalarOp::Reciprocal:
      return (1.0 / x).value;
    case ScalarOp::Sigmoid:
      return (1.0 / (1.0 + exp(-x))).value;
    case ScalarOp::Sign:
      return select(x > 0.0, 1.0, select(x < 0.0, -1.0, x.number(0))).value;
    default:
      return {};
  }
}

// Neighbours of a float are neighbours as sign-magnitude integers.
Value importNextafter(ImplicitLocOpBuilder& b, Value x, Value y) {
  Type type = x.getType(), bits = b.getIntegerType(type.getIntOrFloatBitWidth());
  auto compare = [&](arith::CmpFPredicate predicate, Value p, Value q) -> Value {
    return arith::CmpFOp::create(b, predicate, p, q);
  };
  auto select = [&](Value condition, Value p, Value q) -> Value { return arith::SelectOp::create(b, condition, p, q); };
  auto asFloat = [&](Value v) -> Value { return arith::BitcastOp::create(b, type, v); };
  Value zero = buildFloat(b, type, 0), integer = arith::BitcastOp::create(b, bits, x);

  Value grows = compare(arith::CmpFPredicate::OLT, x, y), positive = compare(arith::CmpFPredicate::OGT, x, zero);
  Value awayFromZero = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, grows, positive);
  Value step = select(awayFromZero, buildInteger(b, bits, 1), buildInteger(b, bits, -1));
  Value next = asFloat(arith::AddIOp::create(b, integer, step));

  // From zero: the smallest denormal, with the sign of y.
  Value lowest = buildInteger(b, bits, static_cast<int64_t>(uint64_t{1} << (type.getIntOrFloatBitWidth() - 1)));
  Value one = buildInteger(b, bits, 1);
  Value smallest = asFloat(select(grows, one, arith::OrIOp::create(b, lowest, one)));
  next = select(compare(arith::CmpFPredicate::OEQ, x, zero), smallest, next);

  next = select(compare(arith::CmpFPredicate::OEQ, x, y), y, next);
  Value nan =
      arith::ConstantOp::create(b, FloatAttr::get(type, APFloat::getQNaN(cast<FloatType>(type).getFloatSemantics())));
  return select(compare(arith::CmpFPredicate::UNO, x, y), nan, next);
}

}  // namespace

Value pw::importFloat(ImplicitLocOpBuilder& b, ScalarOp op, DType dtype, ValueRange args) {
  Value x = args[0], y = args.size() > 1 ? args[1] : Value();
  if (op == ScalarOp::Complex) {
    // bf16 has no complex type of its own: its parts become f32.
    const DType part = real_of(complex_of(dtype));
    return complex::CreateOp::create(b, bodyType(b.getContext(), complex_of(dtype)), buildCast(b, x, dtype, part),
                                     buildCast(b, y, dtype, part));
  }
  if (op == ScalarOp::Nextafter) return importNextafter(b, x, y);
  if (y)
    if (Value truth = compare(b, op, x, y)) return truth;
  if (Value direct = importDirect(b, op, args)) return direct;

  const DType wide = opmath_of(dtype);
  Value composite =
      importComposite(op, Real{&b, buildCast(b, x, dtype, wide)}, Real{&b, y ? buildCast(b, y, dtype, wide) : Value()});
  return composite ? buildCast(b, composite, wide, dtype) : Value();
}
