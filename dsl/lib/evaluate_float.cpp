// Scalar operations on floats. f32 arithmetic runs in float, whose operations round correctly; its functions run in
// double and are rounded. f16, bf16 and float8 round the f32 value.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include "evaluate_category.h"
#include "gems/dsl/error.h"
#include "rounding.h"

namespace gems {
namespace {

struct Function {
  ScalarOp op;
  double (*value)(double a, double b);
};
constexpr Function functions[] = {
    {ScalarOp::Sqrt, [](double a, double) { return std::sqrt(a); }},
    {ScalarOp::Rsqrt, [](double a, double) { return 1 / std::sqrt(a); }},
    {ScalarOp::Reciprocal, [](double a, double) { return 1 / a; }},
    {ScalarOp::Exp, [](double a, double) { return std::exp(a); }},
    {ScalarOp::Exp2, [](double a, double) { return std::exp2(a); }},
    {ScalarOp::Expm1, [](double a, double) { return std::expm1(a); }},
    {ScalarOp::Log, [](double a, double) { return std::log(a); }},
    {ScalarOp::Log2, [](double a, double) { return std::log2(a); }},
    {ScalarOp::Log10, [](double a, double) { return std::log10(a); }},
    {ScalarOp::Log1p, [](double a, double) { return std::log1p(a); }},
    {ScalarOp::Sin, [](double a, double) { return std::sin(a); }},
    {ScalarOp::Cos, [](double a, double) { return std::cos(a); }},
    {ScalarOp::Tan, [](double a, double) { return std::tan(a); }},
    {ScalarOp::Asin, [](double a, double) { return std::asin(a); }},
    {ScalarOp::Acos, [](double a, double) { return std::acos(a); }},
    {ScalarOp::Atan, [](double a, double) { return std::atan(a); }},
    {ScalarOp::Sinh, [](double a, double) { return std::sinh(a); }},
    {ScalarOp::Cosh, [](double a, double) { return std::cosh(a); }},
    {ScalarOp::Tanh, [](double a, double) { return std::tanh(a); }},
    {ScalarOp::Sigmoid, [](double a, double) { return 1 / (1 + std::exp(-a)); }},
    {ScalarOp::Erf, [](double a, double) { return std::erf(a); }},
    {ScalarOp::Erfc, [](double a, double) { return std::erfc(a); }},
    {ScalarOp::Pow, [](double a, double b) { return std::pow(a, b); }},
    {ScalarOp::Atan2, [](double a, double b) { return std::atan2(a, b); }},
};

// As c10::div_floor_floating, each step rounded to T; quotients so large that they have no fraction are not changed.
template <class T>
T floor_divide(T a, T b) {
  const T quotient = a / b;
  if (b == 0 || std::isnan(quotient)) return quotient;
  if (std::abs(quotient) >= std::ldexp(T{1}, std::numeric_limits<T>::digits)) return quotient + (a - a);
  const T mod = std::fmod(a, b);
  const T exact = a - mod;
  T div = exact / b;
  if (mod != 0 && (b < 0) != (mod < 0)) div -= T{1};
  if (div == 0) return std::copysign(T{0}, a / b);
  const T floored = std::floor(div);
  return div - floored > T{0.5} ? floored + T{1} : floored;
}

template <class T>
T remainder(T a, T b) {
  const T m = std::fmod(a, b);
  return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}

// NaN if either operand is NaN.
template <class T>
T least(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  return b < a ? b : a;
}
template <class T>
T greatest(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  return a < b ? b : a;
}

template <class T>
T compute(ScalarOp op, T a, T b, T c) {
  switch (op) {
    case ScalarOp::Add:
      return a + b;
    case ScalarOp::Sub:
      return a - b;
    case ScalarOp::Mul:
      return a * b;
    case ScalarOp::Div:
      return a / b;
    case ScalarOp::TruncDiv:
      return std::trunc(a / b);
    case ScalarOp::FloorDiv:
      return floor_divide(a, b);
    case ScalarOp::Fmod:
      return std::fmod(a, b);
    case ScalarOp::Remainder:
      return remainder(a, b);
    case ScalarOp::Fma:
      return std::fma(a, b, c);
    case ScalarOp::Neg:
      return -a;
    case ScalarOp::Min:
      return least(a, b);
    case ScalarOp::Max:
      return greatest(a, b);
    case ScalarOp::Fmin:
      return std::fmin(a, b);
    case ScalarOp::Fmax:
      return std::fmax(a, b);
    case ScalarOp::Abs:
      return std::abs(a);
    case ScalarOp::Floor:
      return std::floor(a);
    case ScalarOp::Ceil:
      return std::ceil(a);
    case ScalarOp::Trunc:
      return std::trunc(a);
    case ScalarOp::Round:
      return std::nearbyint(a);
    case ScalarOp::Sign:
      return a > 0 ? T{1} : a < 0 ? T{-1} : T{0};
    case ScalarOp::Copysign:
      return std::copysign(a, b);
    case ScalarOp::Nextafter:
      return std::nextafter(a, b);
    default:
      throw Error(fmt::format("{} is not defined on floats", name(op)));
  }
}

bool is_predicate(ScalarOp op) {
  return (op >= ScalarOp::Eq && op <= ScalarOp::Ge) || op == ScalarOp::IsNan || op == ScalarOp::IsInf ||
         op == ScalarOp::IsFinite;
}

bool predicate(ScalarOp op, double a, double b) {
  switch (op) {
    case ScalarOp::Eq:
      return a == b;
    case ScalarOp::Ne:
      return a != b;
    case ScalarOp::Lt:
      return a < b;
    case ScalarOp::Le:
      return a <= b;
    case ScalarOp::Gt:
      return a > b;
    case ScalarOp::Ge:
      return a >= b;
    case ScalarOp::IsNan:
      return std::isnan(a);
    case ScalarOp::IsInf:
      return std::isinf(a);
    default:
      return std::isfinite(a);
  }
}

// Neighbours of a narrow float are neighbours as sign-magnitude integers.
double narrow_nextafter(DType dtype, double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == b) return b;
  if (a == 0) return std::copysign(decode(dtype, 1), b);
  const std::uint16_t bits = encode(dtype, a);
  const bool away_from_zero = (b > a) == (a > 0);
  return decode(dtype, static_cast<std::uint16_t>(away_from_zero ? bits + 1 : bits - 1));
}

}  // namespace

Element evaluate_float(ScalarOp op, DType result, std::span<const Element> args) {
  const DType dtype = args[0].dtype;
  const auto part = [&](std::size_t i) { return i < args.size() ? args[i].value.real() : 0.0; };
  const double a = part(0);
  const double b = part(1);
  if (op == ScalarOp::Complex) return {.dtype = result, .value = {a, b}};
  if (is_predicate(op)) return truth(predicate(op, a, b));
  if (op == ScalarOp::Nextafter && opmath_of(dtype) != dtype)
    return {.dtype = result, .value = narrow_nextafter(dtype, a, b)};
  double value = 0;
  if (const auto* function = std::ranges::find(functions, op, &Function::op); function != std::end(functions)) {
    value = function->value(a, b);
    if (dtype != DType::F64) value = static_cast<float>(value);
  } else if (dtype == DType::F64) {
    value = compute(op, a, b, part(2));
  } else {
    value = compute(op, static_cast<float>(a), static_cast<float>(b), static_cast<float>(part(2)));
  }
  return {.dtype = result, .value = round_to(result, value)};
}

}  // namespace gems
