// The two forms of gelu, by erf and by tanh, and their derivatives.
#include "gelu.h"

#include <numbers>

namespace gems::ops {
namespace {

using namespace gems::dsl;

constexpr double sqrt_half = std::numbers::sqrt2 / 2;  // exactly M_SQRT1_2; 1 / sqrt2 is one ulp off
constexpr double sqrt_2_over_pi = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
constexpr double cubic = 0.044715;

}  // namespace

Expr gelu(Expr x, Flag approximate) {
  if (approximate == "none") return x * 0.5 * (1 + erf(x * sqrt_half));
  const Expr inner = sqrt_2_over_pi * (x + cubic * (x * x * x));
  return 0.5 * x * (1 + tanh(inner));
}

Expr gelu_derivative(Expr x, Flag approximate) {
  if (approximate == "none") {
    const Expr cdf = 0.5 * (1 + erf(x * sqrt_half));
    const Expr pdf = exp(x * x * -0.5) * (0.5 * sqrt_2_over_pi);
    return fma(x, pdf, cdf);
  }
  const Expr square = x * x;
  const Expr t = tanh(sqrt_2_over_pi * (x + cubic * (square * x)));
  const Expr left = 0.5 * x;
  const Expr inner_derivative = sqrt_2_over_pi * (1 + 3 * cubic * square);
  // fma keeps digits where 1 - t * t and the sum cancel, as the contraction of ATen's builds does.
  return fma(left * fma(-t, t, 1), inner_derivative, 0.5 * (1 + t));
}

}  // namespace gems::ops
