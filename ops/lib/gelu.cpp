// The two forms of gelu, by erf and by tanh, and their derivatives.
#include "gelu.h"

#include <numbers>

namespace gems::ops {
namespace {

using namespace gems::dsl;

constexpr double SqrtHalf = std::numbers::sqrt2 / 2;  // exactly M_SQRT1_2; 1 / sqrt2 is one ulp off
constexpr double Sqrt2OverPi = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
constexpr double Cubic = 0.044715;

}  // namespace

Expr gelu(Expr x, Flag approximate) {
  if (approximate == "none") return x * 0.5 * (1 + erf(x * SqrtHalf));
  const Expr inner = Sqrt2OverPi * (x + Cubic * (x * x * x));
  return 0.5 * x * (1 + tanh(inner));
}

Expr gelu_derivative(Expr x, Flag approximate) {
  if (approximate == "none") {
    const Expr cdf = 0.5 * (1 + erf(x * SqrtHalf));
    const Expr pdf = exp(x * x * -0.5) * (0.5 * Sqrt2OverPi);
    return fma(x, pdf, cdf);
  }
  const Expr square = x * x;
  const Expr t = tanh(Sqrt2OverPi * (x + Cubic * (square * x)));
  const Expr left = 0.5 * x;
  const Expr inner_derivative = Sqrt2OverPi * (1 + 3 * Cubic * square);
  // fma keeps digits where 1 - t * t and the sum cancel, as the contraction of ATen's builds does.
  return fma(left * fma(-t, t, 1), inner_derivative, 0.5 * (1 + t));
}

}  // namespace gems::ops
