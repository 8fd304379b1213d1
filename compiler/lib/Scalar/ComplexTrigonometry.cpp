// Trigonometric and hyperbolic functions of complex numbers, and their inverses.
#include <cmath>
#include <numbers>

#include "Scalar/Complex.h"

using namespace mlir;

namespace gems::pw {

namespace {

// i z and -i z.
Parts timesI(Parts z) { return {-z.im, z.re}; }
Parts timesMinusI(Parts z) { return {z.im, -z.re}; }

}  // namespace

// Where one factor is 0 and the other overflows or has no meaning, the product is 0; an infinite modulus stays infinite
// where the angle has no meaning (C99, annex G).
Parts sinh(Parts z) {
  Truth hasAngle = isfinite(z.im);
  Real re = select(hasAngle, sinh(z.re) * cos(z.im), select((z.re == 0.0) | isinf(z.re), z.re, z.re.number(NAN)));
  return {re, select(z.im == 0.0, z.im, cosh(z.re) * sin(z.im))};
}
Parts cosh(Parts z) {
  Truth hasAngle = isfinite(z.im);
  Real re = select(hasAngle, cosh(z.re) * cos(z.im), select(isinf(z.re), HUGE_VAL, z.re.number(NAN)));
  Real im = select(z.im == 0.0, z.im * copysign(1.0, z.re), sinh(z.re) * sin(z.im));
  return {re, select(hasAngle, im, select(z.re == 0.0, abs(z.re), z.re.number(NAN)))};
}
// At i times infinity without an angle, plus infinity, as the C library.
Parts sin(Parts z) {
  Parts result = timesMinusI(sinh(timesI(z)));
  return {result.re, select(isfinite(z.re), result.im, select(isinf(z.im), HUGE_VAL, result.im))};
}
Parts cos(Parts z) { return cosh(timesI(z)); }

// Kahan's tanh ("Branch cuts for complex elementary functions", 1987): with t = tan(y), s = sinh(x), b = 1 + t^2,
//   tanh(z) = (b sqrt(1 + s^2) s + i t) / (1 + b s^2);  beyond the limit, +-1 + 4i sin(y) cos(y) exp(-2 |x|).
Parts tanh(Parts z) {
  Real x = z.re, y = z.im;
  Real t = tan(y), s = sinh(x);
  Real b = t * t + 1.0, squared = s * s;
  Real denominator = b * squared + 1.0;
  Parts near = {select(x == 0.0, x, b * sqrt(squared + 1.0) * s / denominator), select(y == 0.0, y, t / denominator)};
  Real magnitude = abs(x);
  Real vanishing = sin(y) * cos(y) * exp(magnitude * -2.0) * 4.0;
  Real zero = copysign(0.0, select(y == y, y, y.number(0)));
  Parts far = {select(isfinite(y) | isinf(x), copysign(1.0, x), NAN),
               select(isfinite(y), vanishing, select(isinf(x), zero, x.number(NAN)))};
  return select(magnitude > (x.isDouble() ? 22.0 : 11.0), far, near);
}

Parts tan(Parts z) { return timesMinusI(tanh(timesI(z))); }

namespace {

// What asin and acos share. Source: Hull, Fairgrieve and Tang, "Implementing the complex arcsine and arccosine
// functions using exception handling", ACM TOMS 23 (1997), in the form that Boost.Math uses.
struct Inverse {
  Real x;          // |re|
  Real b;          // the sine of the real part, or 2 where it is too close to 1 to be of use
  Real cosine;     // the cosine of the real part, in units in which its sine is x
  Real logarithm;  // the imaginary part's magnitude
};

Inverse invert(Parts z) {
  Real x = abs(z.re), y = abs(z.im);
  Real p = x + 1.0, q = x - 1.0;
  Real r = hypot(p, y), s = hypot(q, y);
  Real a = (r + s) * 0.5;  // semi-axis of the ellipse through z with foci at +-1
  Real b = x / a;
  Real squared = y * y;
  Truth inside = x < 1.0;

  Real sum = a + x, rp = r + p;
  Real within = sqrt(sum * 0.5 * (squared / rp + (s - q)));
  Real beyond = y * sqrt((sum / rp + sum / (s + q)) * 0.5);
  Real cosine = select(x <= 1.0, within, beyond);

  // a - 1, between the foci without the factor y^2, which may underflow.
  Real reduced = (1.0 / rp + 1.0 / (s - q)) * 0.5;
  Real excess = (squared / rp + (s + q)) * 0.5;
  Real near = log1p(select(inside, y * (y * reduced + sqrt(reduced * (a + 1.0))), excess + sqrt(excess * (a + 1.0))));
  Real far = log(a + sqrt(a - 1.0) * sqrt(a + 1.0));

  // Far from the foci the ellipse is a circle; this is also where infinities are, and where a may overflow.
  Truth isCircle = a > (a.isDouble() ? 0x1p60 : 0x1p30);
  Real logarithm = select(isCircle, logHypot(x, y) + std::numbers::ln2, select(a <= 1.5, near, far));
  return {x, select(isCircle, 2.0, b), select(isCircle, y, cosine), logarithm};
}

}  // namespace

Parts asin(Parts z) {
  Inverse i = invert(z);
  Real re = select(i.b <= 0.6417, asin(i.b), atan2(i.x, i.cosine));
  return {copysign(re, z.re), copysign(i.logarithm, z.im)};
}

Parts acos(Parts z) {
  Inverse i = invert(z);
  Real re = select(i.b <= 0.6417, acos(i.b), atan2(i.cosine, i.x));
  // acos(-z) = pi - acos(z); the imaginary part has the sign opposite to z's.
  return {select(z.re < 0.0, std::numbers::pi - re, re), -copysign(i.logarithm, z.im)};
}

// re = atan2(2x, (1 - |y|) (1 + |y|) - x^2) / 2; im = log1p(4 |y| / (x^2 + (1 - |y|)^2)) / 4, with y's sign. For large
// z, where squares overflow: pi / 2 and the imaginary part of -1 / z.
Parts atan(Parts z) {
  Real x = z.re, y = abs(z.im);
  Real squared = x * x;
  Real distance = 1.0 - y;
  Real re = atan2(x * 2.0, distance * (1.0 + y) - squared) * 0.5;
  Real im = log1p(y * 4.0 / (squared + distance * distance)) * 0.25;

  Real modulus = hypot(x, y);
  Truth isLarge = modulus > (x.isDouble() ? 0x1p60 : 0x1p30);
  re = select(isLarge, copysign(std::numbers::pi / 2, x), re);
  // With halves, whose modulus does not overflow.
  Real half = hypot(x * 0.5, y * 0.5);
  im = select(isLarge, select(isinf(half), 0.0, y * 0.25 / half / half), im);
  return {re, copysign(im, z.im)};
}

}  // namespace gems::pw
