// The formulas of pw.approximate. Coefficients are minimax fits (approximation_coefficients.py).
#include "Scalar/Approximation.h"

#include <numbers>
#include <span>

#include "Scalar/ApproximationCoefficients.h"

using namespace mlir;
using namespace gems::pw;

namespace {

constexpr double Log2OfE = std::numbers::log2e;
constexpr double Ln2 = std::numbers::ln2;

// Constant term first.
Real polynomial(std::span<const double> coefficients, Real x, double scale = 1) {
  Real sum = x.number(coefficients.back() * scale);
  for (size_t i = coefficients.size() - 1; i-- > 0;) sum = fma(sum, x, x.number(coefficients[i] * scale));
  return sum;
}

// -limit <= x <= limit; NaN stays NaN.
Real clamped(Real x, double limit) { return maximum(minimum(x, x.number(limit)), x.number(-limit)); }

Real instruction(Approximation function, Real x) {
  return {x.builder, buildApproximation(*x.builder, function, x.value)};
}
// 4^x: a power of 4 costs nothing more than one of 2 and keeps denormal results.
Real ex4(Real x) { return instruction(Approximation::ex4, x); }
Real lg2(Real x) { return instruction(Approximation::lg2, x); }
Real rcp(Real x) { return instruction(Approximation::rcp, x); }

// -x where the lowest bit of parity is set.
Real withSignFlippedIfOdd(Real x, Real parity) {
  ImplicitLocOpBuilder& b = *x.builder;
  Type bits = b.getI32Type();
  TypedAttr count = b.getI32IntegerAttr(31);
  if (auto vector = dyn_cast<VectorType>(x.type())) {
    bits = vector.cloneWith({}, bits);
    count = DenseElementsAttr::get(cast<VectorType>(bits), count);
  }
  Value sign =
      arith::ShLIOp::create(b, arith::BitcastOp::create(b, bits, parity.value), arith::ConstantOp::create(b, count));
  Value flipped = arith::XOrIOp::create(b, arith::BitcastOp::create(b, bits, x.value), sign);
  return {&b, arith::BitcastOp::create(b, x.type(), flipped)};
}

namespace formula {

Real exp(Real x) { return ex4(x * (Log2OfE / 2)); }

Real exp2(Real x) { return ex4(x * 0.5); }

Real expm1(Real x) {
  return select(abs(x) < coefficients::Expm1End, x * polynomial(coefficients::Expm1, x), formula::exp(x) - 1.0);
}

// e^-|x| never overflows, and so small results keep their digits.
Real logistic(Real x) {
  Real e = ex4(abs(x) * (-Log2OfE / 2));
  return select(x < 0.0, e, 1.0) * rcp(e + 1.0);
}

Real onePlusTanh(Real x) {
  Real e = ex4(abs(x) * -Log2OfE);
  return select(x < 0.0, e, 1.0) * rcp(fma(e, e.number(0.5), e.number(0.5)));
}

Real oneMinusTanhSquared(Real x) {
  Real e = ex4(abs(x) * -Log2OfE);
  Real r = rcp(fma(e, e.number(0.5), e.number(0.5)));
  return e * r * r;
}

Real tanh(Real x) {
  Real c = clamped(x, coefficients::TanhEnd);
  Real t = c * c;
  return c * polynomial(coefficients::TanhNumerator, t) * rcp(polynomial(coefficients::TanhDenominator, t));
}

Real erf(Real x) {
  Real c = clamped(x, coefficients::ErfEnd);
  return c * polynomial(coefficients::Erf, c * c);
}

// Beyond its interval the polynomial falls on, and so the tail ends in 0.
Real onePlusErf(Real x) {
  Real tail = ex4(polynomial(coefficients::Log2Erfc, abs(x), 0.5));
  return select(x < 0.0, tail, 2.0 - tail);
}

// The positive part less the tail. The bound on x keeps infinity from meeting the tail's 0; a maximum with -0 keeps -0.
Real gelu(Real x, std::span<const double> log2Tail) {
  Real distance = abs(minimum(x, x.number(16)));
  return fma(-distance, ex4(polynomial(log2Tail, distance, 0.5)), maximum(x, x.number(-0.0)));
}
Real geluF16(Real x) { return gelu(x, coefficients::Log2TailF16); }
Real geluBf16(Real x) { return gelu(x, coefficients::Log2TailBf16); }

// Near 1 the logarithm is small, and the instruction's error is not.
template <int Base>
Real log(Real x) {
  constexpr double Scale = Base == 2 ? Log2OfE : Base == 10 ? std::numbers::log10e : 1;
  Real f = x - 1.0;
  return select(abs(f) < coefficients::Log1pEnd, f * polynomial(coefficients::Log1p, f, Scale), lg2(x) * (Ln2 * Scale));
}

Real log1p(Real x) {
  return select(abs(x) < coefficients::Log1pEnd, x * polynomial(coefficients::Log1p, x), lg2(x + 1.0) * Ln2);
}

// pi as a sum of two floats, both positive, so that -0 stays -0. Adding RoundToInteger rounds a float to an integer,
// whose low bits are then the low bits of the sum.
constexpr double PiHigh = 0x1.921fb4p1, PiLow = 0x1.4442d2p-23;
constexpr double RoundToInteger = 0x1.8p23;
constexpr double SineLimit = 0x1p17;

// (-1)^i sin(x - n pi), where shifted holds the integer i.
Real alternatingSine(Real x, Real n, Real shifted) {
  Real r = fma(n, n.number(-PiLow), fma(n, n.number(-PiHigh), x));
  return withSignFlippedIfOdd(r * polynomial(coefficients::Sin, r * r), shifted);
}

Real sin(Real x) {
  Real shifted = fma(x, x.number(std::numbers::inv_pi), x.number(RoundToInteger));
  return alternatingSine(x, shifted - RoundToInteger, shifted);
}

Real cos(Real x) {
  Real shifted = fma(x, x.number(std::numbers::inv_pi), x.number(0.5)) + RoundToInteger;
  return alternatingSine(x, shifted - RoundToInteger - 0.5, shifted);
}

}  // namespace formula

// Indexed by Approximation; instructions have their text in the prelude of emitted code.
const Formula formulas[] = {
    {Approximation::ex4, {}},
    {Approximation::lg2, {}},
    {Approximation::rcp, {}},
    {Approximation::sqrt, {}},
    {Approximation::div, {}},
    {Approximation::exp, "e^x = 2^(x log2(e)); relative error 2^-21 + |x| 2^-24.", formula::exp},
    {Approximation::expm1, "e^x - 1, near 0 by a polynomial; relative error 2^-17.", formula::expm1},
    {Approximation::logistic, "1 / (1 + e^-x) = e^min(x, 0) / (1 + e^-|x|); relative error 2^-20 + |x| 2^-24.",
     formula::logistic},
    {Approximation::tanh, "tanh(x) = x P(x^2) / Q(x^2); relative error 2^-19.", formula::tanh},
    {Approximation::one_plus_tanh,
     "1 + tanh(x) = 2 / (1 + e^-2x), which does not cancel; relative error 2^-20 + |x| 2^-23.", formula::onePlusTanh},
    {Approximation::one_minus_tanh_squared,
     "1 - tanh(x)^2 = 4 e / (1 + e)^2 with e = e^-2|x|, which does not cancel; relative error 2^-19 + |x| 2^-23.",
     formula::oneMinusTanhSquared},
    {Approximation::erf, "erf(x) = x P(x^2); relative error 2^-19.", formula::erf},
    {Approximation::one_plus_erf,
     "1 + erf(x) = 2^P(|x|) for x < 0, else 2 - 2^P(|x|), which does not cancel; relative error 2^-16 + 2^(|x| - 21).",
     formula::onePlusErf},
    {Approximation::log, "log(x) = log2(x) log(2), near 1 by a polynomial; relative error 2^-18.", formula::log<0>},
    {Approximation::log2, "log2(x), near 1 by a polynomial; relative error 2^-18.", formula::log<2>},
    {Approximation::log10, "log10(x) = log2(x) log10(2), near 1 by a polynomial; relative error 2^-18.",
     formula::log<10>},
    {Approximation::log1p, "log(1 + x) = log2(1 + x) log(2), near 0 by a polynomial; relative error 2^-18.",
     formula::log1p},
    {Approximation::sin, "sin(x) = +-r P(r^2), x = n pi + r; relative error 2^-19.", formula::sin, formula::SineLimit,
     "sin"},
    {Approximation::cos, "cos(x) = +-r P(r^2), x = (n - 1/2) pi + r; relative error 2^-19.", formula::cos,
     formula::SineLimit, "cos"},
    {Approximation::gelu_f16, "x Phi(x) = max(x, 0) - |x| 2^P(|x|), Phi the normal distribution; relative error 2^-16.",
     formula::geluF16},
    {Approximation::gelu_bf16,
     "x Phi(x) = max(x, 0) - |x| 2^P(|x|), Phi the normal distribution; relative error 2^-10.", formula::geluBf16},
    {Approximation::exp2, "2^x; relative error 2^-21.", formula::exp2},
    {Approximation::sin_f16, "sin(x) = +-r P(r^2), x = n pi + r, for |x| < 2^17; relative error 2^-19.", formula::sin},
    {Approximation::cos_f16, "cos(x) = +-r P(r^2), x = (n - 1/2) pi + r, for |x| < 2^17; relative error 2^-19.",
     formula::cos},
};
static_assert(std::size(formulas) == getMaxEnumValForApproximation() + 1);

}  // namespace

const Formula& gems::pw::formulaOf(Approximation function) { return formulas[static_cast<size_t>(function)]; }

Value gems::pw::buildApproximation(ImplicitLocOpBuilder& builder, Approximation function, ValueRange operands) {
  return ApproximateOp::create(builder, operands.front().getType(), function, operands);
}
