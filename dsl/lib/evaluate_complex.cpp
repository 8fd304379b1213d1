// Scalar operations on complex numbers, in complex<double>, then rounded part by part.
#include <cmath>
#include <complex>

#include <fmt/format.h>

#include "evaluate_category.h"
#include "gems/dsl/error.h"
#include "rounding.h"

namespace gems {
namespace {

using Complex = std::complex<double>;

// Without the recovery of infinities that std::complex does: as c10::complex.
Complex multiply(Complex x, Complex y) {
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

// Smith's method, as c10::complex: no overflow on the way.
Complex divide(Complex x, Complex y) {
  const long double a = x.real(), b = x.imag(), c = y.real(), d = y.imag();
  if (c == 0 && d == 0) return {x.real() / std::abs(y.real()), x.imag() / std::abs(y.imag())};
  if (std::abs(c) >= std::abs(d)) {
    const long double ratio = d / c;
    const long double scale = 1 / (c + d * ratio);
    return {static_cast<double>((a + b * ratio) * scale), static_cast<double>((b - a * ratio) * scale)};
  }
  const long double ratio = c / d;
  const long double scale = 1 / (c * ratio + d);
  return {static_cast<double>((a * ratio + b) * scale), static_cast<double>((b * ratio - a) * scale)};
}

Complex expm1(Complex z) {
  const double half_sine = std::sin(z.imag() / 2);
  return {std::expm1(z.real()) * std::cos(z.imag()) - 2 * half_sine * half_sine,
          std::exp(z.real()) * std::sin(z.imag())};
}

Complex log1p(Complex z) {
  const long double re = z.real(), im = z.imag();
  const long double real_part = std::isfinite(re) && std::abs(re) < 1 && std::abs(im) < 1
                                    ? std::log1p(re * (2 + re) + im * im) / 2
                                    : std::log(std::hypot(1 + re, im));
  return {static_cast<double>(real_part), static_cast<double>(std::atan2(im, 1 + re))};
}

Complex compute(ScalarOp op, Complex a, Complex b) {
  switch (op) {
    case ScalarOp::Add:
      return a + b;
    case ScalarOp::Sub:
      return a - b;
    case ScalarOp::Mul:
      return multiply(a, b);
    case ScalarOp::Div:
      return divide(a, b);
    case ScalarOp::Neg:
      return -a;
    case ScalarOp::Abs:
      return std::abs(a);
    case ScalarOp::Sqrt:
      return std::sqrt(a);
    case ScalarOp::Rsqrt:
      return divide(1, std::sqrt(a));
    case ScalarOp::Reciprocal:
      return divide(1, a);
    case ScalarOp::Exp:
      return std::exp(a);
    case ScalarOp::Exp2:
      return std::exp(a * std::log(2.0));
    case ScalarOp::Expm1:
      return expm1(a);
    case ScalarOp::Log:
      return std::log(a);
    case ScalarOp::Log2:
      return std::log(a) / std::log(2.0);
    case ScalarOp::Log10:
      return std::log10(a);
    case ScalarOp::Log1p:
      return log1p(a);
    case ScalarOp::Sin:
      return std::sin(a);
    case ScalarOp::Cos:
      return std::cos(a);
    case ScalarOp::Tan:
      return std::tan(a);
    case ScalarOp::Asin:
      return std::asin(a);
    case ScalarOp::Acos:
      return std::acos(a);
    case ScalarOp::Atan:
      return std::atan(a);
    case ScalarOp::Sinh:
      return std::sinh(a);
    case ScalarOp::Cosh:
      return std::cosh(a);
    case ScalarOp::Tanh:
      return std::tanh(a);
    case ScalarOp::Sigmoid:
      return divide(1, 1.0 + std::exp(-a));
    case ScalarOp::Pow:
      return std::pow(a, b);
    case ScalarOp::Real:
      return a.real();
    case ScalarOp::Imag:
      return a.imag();
    case ScalarOp::Conj:
      return std::conj(a);
    default:
      throw Error(fmt::format("{} is not defined on complex numbers", name(op)));
  }
}

}  // namespace

Element evaluate_complex(ScalarOp op, DType result, std::span<const Element> args) {
  const Complex a = args[0].value;
  const Complex b = args.size() > 1 ? args[1].value : Complex();
  switch (op) {
    case ScalarOp::Eq:
      return truth(a == b);
    case ScalarOp::Ne:
      return truth(a != b);
    case ScalarOp::IsNan:
      return truth(std::isnan(a.real()) || std::isnan(a.imag()));
    case ScalarOp::IsInf:
      return truth(std::isinf(a.real()) || std::isinf(a.imag()));
    case ScalarOp::IsFinite:
      return truth(std::isfinite(a.real()) && std::isfinite(a.imag()));
    default:
      break;
  }
  const Complex value = compute(op, a, b);
  // c32 operations round the c64 value.
  const auto rounded = [&](double part) {
    const DType real = real_of(result);
    return round_to(real, real == DType::F64 ? part : static_cast<float>(part));
  };
  return {.dtype = result, .value = {rounded(value.real()), rounded(value.imag())}};
}

}  // namespace gems
