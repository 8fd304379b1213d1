// The inverse trigonometric functions, in f64 lanes.
#include <limits>

#include "Cpu/Coefficients.h"
#include "Cpu/Math.h"

namespace gems::cpu {
namespace {

constexpr double Pi = 3.141592653589793;
constexpr double HalfPi = 1.5707963267948966;
constexpr double Infinity = std::numeric_limits<double>::infinity();

struct HalfAngle {
  Lanes isFar;  // |x| > 1/2
  Lanes angle;  // asin|x|, or, far from 0, asin(sqrt((1 - |x|) / 2)) = acos|x| / 2
};

// |x| > 1 gives the square root of a negative number, NaN.
HalfAngle halfAngle(Lanes magnitude) {
  Lanes isFar = magnitude > 0.5;
  Lanes t = select(isFar, (1.0 - magnitude) * 0.5, magnitude * magnitude);
  Lanes s = select(isFar, squareRoot(t), magnitude);
  return {isFar, s * polynomial(coefficients::Asin, t)};
}

// atan(q), 0 <= q <= 1.
Lanes atanOfFraction(Lanes q) { return q * polynomial(coefficients::Atan, q * q); }

}  // namespace

Lanes asinF32(Lanes x) {
  HalfAngle h = halfAngle(absolute(x.toF64()));
  return withSignOf(select(h.isFar, fma(h.angle, -2.0, HalfPi), h.angle).toF32(), x);
}

Lanes acosF32(Lanes x) {
  Lanes wide = x.toF64();
  HalfAngle h = halfAngle(absolute(wide));
  Lanes far = h.angle * 2.0;
  far = select(wide < 0.0, Pi - far, far);
  return select(h.isFar, far, HalfPi - withSignOf(h.angle, wide)).toF32();
}

Lanes atanF32(Lanes x) {
  Lanes magnitude = absolute(x.toF64());
  Lanes isFar = magnitude > 1.0;
  Lanes angle = atanOfFraction(select(isFar, 1.0 / magnitude, magnitude));
  return withSignOf(select(isFar, HalfPi - angle, angle).toF32(), x);
}

// The special cases are those of C's atan2 (annex F).
Lanes atan2F32(Lanes y32, Lanes x32) {
  Lanes x = x32.toF64(), y = y32.toF64();
  Lanes ax = absolute(x), ay = absolute(y);
  Lanes isSteep = ay > ax;
  Lanes larger = select(isSteep, ay, ax), smaller = select(isSteep, ax, ay);
  Lanes q = smaller / larger;
  q = select(larger == 0.0, x.constant(0.0), select(smaller == Infinity, x.constant(1.0), q));
  Lanes angle = atanOfFraction(q);
  angle = select(isSteep, HalfPi - angle, angle);
  Lanes xIsNegative = x.bits() < x.bits().constant(0);
  angle = select(xIsNegative, Pi - angle, angle);
  return select(isNan(x) | isNan(y), x + y, withSignOf(angle, y)).toF32();
}

}  // namespace gems::cpu
