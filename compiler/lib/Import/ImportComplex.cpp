// Scalar operations on complex numbers: one operation each, of the complex dialect or pw.complex_unary.
#include "Import/ImportScalar.h"
#include "Pw/Pw.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

Value pw::importComplex(ImplicitLocOpBuilder& b, ScalarOp op, DType, ValueRange args) {
  Value x = args[0], y = args.size() > 1 ? args[1] : Value();
  auto unary = [&](ComplexFunction function) -> Value { return ComplexUnaryOp::create(b, x.getType(), function, x); };
  Type part = cast<ComplexType>(x.getType()).getElementType();
  auto re = [&]() -> Value { return complex::ReOp::create(b, part, x); };
  auto im = [&]() -> Value { return complex::ImOp::create(b, part, x); };
  switch (op) {
    case ScalarOp::Add:
      return complex::AddOp::create(b, x, y);
    case ScalarOp::Sub:
      return complex::SubOp::create(b, x, y);
    case ScalarOp::Mul:
      return complex::MulOp::create(b, x, y);
    case ScalarOp::Div:
      return complex::DivOp::create(b, x, y);
    case ScalarOp::Pow:
      return complex::PowOp::create(b, x, y);
    case ScalarOp::Eq:
      return complex::EqualOp::create(b, x, y);
    case ScalarOp::Ne:
      return complex::NotEqualOp::create(b, x, y);
    case ScalarOp::Neg:
      return complex::NegOp::create(b, x);
    case ScalarOp::Conj:
      return complex::ConjOp::create(b, x);
    case ScalarOp::Abs:
      return complex::AbsOp::create(b, part, x);
    case ScalarOp::Real:
      return re();
    case ScalarOp::Imag:
      return im();
    case ScalarOp::Sqrt:
      return complex::SqrtOp::create(b, x);
    case ScalarOp::Rsqrt:
      return complex::RsqrtOp::create(b, x);
    case ScalarOp::Exp:
      return complex::ExpOp::create(b, x);
    case ScalarOp::Expm1:
      return complex::Expm1Op::create(b, x);
    case ScalarOp::Log:
      return complex::LogOp::create(b, x);
    case ScalarOp::Log1p:
      return complex::Log1pOp::create(b, x);
    case ScalarOp::Sin:
      return complex::SinOp::create(b, x);
    case ScalarOp::Cos:
      return complex::CosOp::create(b, x);
    case ScalarOp::Tan:
      return complex::TanOp::create(b, x);
    case ScalarOp::Tanh:
      return complex::TanhOp::create(b, x);
    case ScalarOp::Reciprocal:
      return unary(ComplexFunction::reciprocal);
    case ScalarOp::Exp2:
      return unary(ComplexFunction::exp2);
    case ScalarOp::Log2:
      return unary(ComplexFunction::log2);
    case ScalarOp::Log10:
      return unary(ComplexFunction::log10);
    case ScalarOp::Asin:
      return unary(ComplexFunction::asin);
    case ScalarOp::Acos:
      return unary(ComplexFunction::acos);
    case ScalarOp::Atan:
      return unary(ComplexFunction::atan);
    case ScalarOp::Sinh:
      return unary(ComplexFunction::sinh);
    case ScalarOp::Cosh:
      return unary(ComplexFunction::cosh);
    case ScalarOp::Sigmoid:
      return unary(ComplexFunction::sigmoid);
    case ScalarOp::IsNan:
      return arith::OrIOp::create(b, math::IsNaNOp::create(b, re()), math::IsNaNOp::create(b, im()));
    case ScalarOp::IsInf:
      return arith::OrIOp::create(b, math::IsInfOp::create(b, re()), math::IsInfOp::create(b, im()));
    case ScalarOp::IsFinite:
      return arith::AndIOp::create(b, math::IsFiniteOp::create(b, re()), math::IsFiniteOp::create(b, im()));
    default:
      return {};
  }
}
