// Arithmetic, modulus, exponentials, logarithms and powers of complex numbers.
#include <cmath>
#include <numbers>

#include "Scalar/Complex.h"

using namespace mlir;

namespace gems::pw {

Parts operator+(Parts x, Parts y) { return {x.re + y.re, x.im + y.im}; }
Parts operator-(Parts x, Parts y) { return {x.re - y.re, x.im - y.im}; }
Parts operator*(Parts x, Parts y) { return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re}; }
Parts operator-(Parts x) { return {-x.re, -x.im}; }
Parts operator*(Parts x, double factor) { return {x.re * factor, x.im * factor}; }

Parts select(Truth condition, Parts x, Parts y) {
  return {select(condition, x.re, y.re), select(condition, x.im, y.im)};
}
Truth operator==(Parts x, Parts y) { return (x.re == y.re) & (x.im == y.im); }
Truth operator!=(Parts x, Parts y) { return (x.re != y.re) | (x.im != y.im); }

// Smith's method: with c the larger part of the divisor and d the smaller one, d / c cannot overflow.
Parts operator/(Parts x, Parts y) {
  Real c = abs(y.re), d = abs(y.im);
  Truth reIsLarger = c >= d;
  Real large = select(reIsLarger, y.re, y.im), small = select(reIsLarger, y.im, y.re);
  Real p = select(reIsLarger, x.re, x.im), q = select(reIsLarger, x.im, x.re);
  Real ratio = small / large;
  Real scale = 1.0 / (large + small * ratio);
  Real re = (p + q * ratio) * scale;
  // Not the negative of one difference: a zero would get the other sign.
  Real t = p * ratio;
  Real im = select(reIsLarger, q - t, t - q) * scale;
  Parts quotient = {re, im};
  // By zero: infinities or NaN, part by part.
  return select((c == 0.0) & (d == 0.0), Parts{x.re / c, x.im / d}, quotient);
}

namespace {

// Powers of two that bring the larger part near 1 before it is squared, and back.
struct Scaling {
  Real there, back;
  Real logBack;  // log(back)
};
Scaling scalingOf(Real larger) {
  const bool isDouble = larger.isDouble();
  const int limit = isDouble ? 400 : 50, down = isDouble ? 600 : 70, up = isDouble ? 700 : 100;
  Truth isLarge = larger > std::ldexp(1.0, limit), isSmall = larger < std::ldexp(1.0, -limit);
  auto choose = [&](double ifLarge, double ifSmall, double otherwise) {
    return select(isLarge, ifLarge, select(isSmall, ifSmall, larger.number(otherwise)));
  };
  return {choose(std::ldexp(1.0, -down), std::ldexp(1.0, up), 1),
          choose(std::ldexp(1.0, down), std::ldexp(1.0, -up), 1),
          choose(down * std::numbers::ln2, -up * std::numbers::ln2, 0)};
}

// Infinite even when the other part is NaN.
Real infiniteIfEither(Real x, Real y, Real otherwise) { return select(isinf(x) | isinf(y), HUGE_VAL, otherwise); }

}  // namespace

Real hypot(Real x, Real y) {
  Scaling scaling = scalingOf(maximum(abs(x), abs(y)));
  Real p = x * scaling.there, q = y * scaling.there;
  return infiniteIfEither(x, y, sqrt(p * p + q * q) * scaling.back);
}

Real logHypot(Real x, Real y) {
  Scaling scaling = scalingOf(maximum(abs(x), abs(y)));
  Real p = x * scaling.there, q = y * scaling.there;
  return infiniteIfEither(x, y, log(sqrt(p * p + q * q)) + scaling.logBack);
}

Parts sqrt(Parts z) {
  Real x = abs(z.re), y = abs(z.im);
  // With even powers of two, the square root scales back exactly.
  const bool isDouble = z.re.isDouble();
  const int limit = isDouble ? 1000 : 120;
  Real larger = maximum(x, y);
  Truth isLarge = larger > std::ldexp(1.0, limit), isSmall = larger < std::ldexp(1.0, -limit + 30);
  const int half = isDouble ? 60 : 20;
  auto scaled = [&](Real v, int power) {
    return select(isLarge, v * std::ldexp(1.0, -power), select(isSmall, v * std::ldexp(1.0, power), v));
  };
  Real p = scaled(x, 2 * half);
  Real t = sqrt((hypot(p, scaled(y, 2 * half)) + p) * 0.5);
  t = select(isLarge, t * std::ldexp(1.0, half), select(isSmall, t * std::ldexp(1.0, -half), t));
  Real other = select(t == 0.0, y, y / (t * 2.0));
  Parts root = select(z.re >= 0.0, Parts{t, copysign(other, z.im)}, Parts{other, copysign(t, z.im)});
  root = select((z.re == 0.0) & (z.im == 0.0), Parts{z.re.number(0), z.im}, root);
  return select(isinf(z.im), Parts{z.re.number(HUGE_VAL), z.im}, root);
}

Parts reciprocal(Parts z) { return Parts{z.re.number(1), z.re.number(0)} / z; }

namespace {

// On CUDA ATen's functions divide as C99's annex G has it: one over an infinity is 0, whatever the other part is.
Parts oneOver(Parts z, Limits limits) {
  Parts result = reciprocal(z);
  if (limits == Limits::Cpu) return result;
  Truth isInfinite = isinf(z.re) | isinf(z.im);
  return {select(isInfinite, 0.0, result.re), select(isInfinite, 0.0, result.im)};
}

}  // namespace

Parts rsqrt(Parts z, Limits limits) { return oneOver(sqrt(z), limits); }

Parts exp(Parts z) {
  // Where e^x overflows, e^x sin(y) may not: multiplied by e^(x / 2) twice.
  Truth isLarge = z.re > (z.re.isDouble() ? 700.0 : 80.0);
  Real half = exp(z.re * 0.5), whole = exp(z.re);
  auto scaled = [&](Real v) { return select(isLarge, v * half * half, v * whole); };
  Parts result = {scaled(cos(z.im)), select(z.im == 0.0, z.im, scaled(sin(z.im)))};
  // Where the angle has no meaning: 0 from minus infinity, an infinity from plus infinity.
  result.re = select(z.re == HUGE_VAL, select(isfinite(z.im), result.re, HUGE_VAL), result.re);
  Truth vanishes = z.re == -HUGE_VAL;
  return {select(vanishes, 0.0, result.re), select(vanishes, 0.0, result.im)};
}

Parts exp2(Parts z) { return exp(z * std::numbers::ln2); }

// c10_complex_math: exp(x) cos(y) - 1 = expm1(x) cos(y) - 2 sin(y / 2)^2.
Parts expm1(Parts z) {
  Real halfSine = sin(z.im * 0.5);
  return {expm1(z.re) * cos(z.im) - halfSine * halfSine * 2.0, exp(z.re) * sin(z.im)};
}

// Near the unit circle log|z| = log1p(x^2 + y^2 - 1) / 2, with x the larger part and x^2 - 1 as a product.
Parts log(Parts z) {
  Real x = abs(z.re), y = abs(z.im);
  Truth reIsLarger = x >= y;
  Real large = select(reIsLarger, x, y), small = select(reIsLarger, y, x);
  Real excess = (large - 1.0) * (large + 1.0) + small * small;
  return {select(abs(excess) < 0.5, log1p(excess) * 0.5, logHypot(z.re, z.im)), atan2(z.im, z.re)};
}
Parts log2(Parts z) { return log(z) * std::numbers::log2e; }
Parts log10(Parts z) { return log(z) * std::numbers::log10e; }

// c10_complex_math: near 0, log|1 + z| = log1p(x (2 + x) + y^2) / 2.
Parts log1p(Parts z) {
  Real x = z.re, y = z.im;
  Real shifted = x + 1.0;
  Real near = log1p(x * (2.0 + x) + y * y) * 0.5;
  Real far = logHypot(shifted, y);
  return {select(hypot(x, y) < 0.5, near, far), atan2(y, shifted)};
}

Parts sigmoid(Parts z, Limits limits) {
  Parts e = exp(-z);
  return oneOver(Parts{1.0 + e.re, e.im}, limits);
}

namespace {

// C99, annex G.5.1: where both parts of the product are NaN but a factor is infinite, the product is infinite.
Parts multiplyRecovering(Parts x, Parts y) {
  Truth xIsInfinite = isinf(x.re) | isinf(x.im), yIsInfinite = isinf(y.re) | isinf(y.im);
  // An infinite factor by its direction; a NaN beside one counts as 0.
  auto direction = [](Real v) { return copysign(select(isinf(v), 1.0, v.number(0)), v); };
  auto known = [](Real v) { return select(v == v, v, copysign(0.0, v)); };
  Parts a = select(xIsInfinite, Parts{direction(x.re), direction(x.im)}, Parts{known(x.re), known(x.im)});
  Parts b = select(yIsInfinite, Parts{direction(y.re), direction(y.im)}, Parts{known(y.re), known(y.im)});
  Parts plain = x * y;
  Truth recovers = (xIsInfinite | yIsInfinite) & (plain.re != plain.re) & (plain.im != plain.im);
  return select(recovers, (a * b) * HUGE_VAL, plain);
}

}  // namespace

// As std::pow: exp(y log(x)), with exp's limit at x = 0. The product as in the C library on the CPU, as in thrust on
// CUDA.
Parts pow(Parts x, Parts y, Limits limits) {
  Parts logarithm = log(x);
  return exp(limits == Limits::Cpu ? multiplyRecovering(y, logarithm) : y * logarithm);
}

}  // namespace gems::pw
