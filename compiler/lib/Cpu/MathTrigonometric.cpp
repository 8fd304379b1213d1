// sin, cos, tan: the argument less a multiple of pi/2, in f64 lanes. Arguments too large for that go to the C library,
// lane by lane, in a branch that is not taken when there are none.
#include <limits>

#include "Cpu/Coefficients.h"
#include "Cpu/LaneCalls.h"
#include "Cpu/Math.h"

namespace gems::cpu {
namespace {

constexpr double TwoOverPi = 0.6366197723675814;
// pi/2 as a sum of two doubles: with n < 2^40 the reduced argument is off by less than 2^-65, and no f32 below the
// limit is nearer than 2^-33 to a multiple of pi/2.
constexpr double HalfPiHigh = 1.5707963267948966;
constexpr double HalfPiLow = 6.123233995736766e-17;
constexpr double Limit = 0x1p40;

struct Reduced {
  Lanes sine;
  Lanes cosine;
  Lanes quadrant;  // an i64 whose two low bits count
};

Reduced reduce(Lanes x) {
  Lanes shifted = fma(x, TwoOverPi, RoundToInteger);
  Lanes n = shifted - RoundToInteger;
  Lanes r = fma(n, -HalfPiLow, fma(n, -HalfPiHigh, x));
  Lanes t = r * r;
  return {r * polynomial(coefficients::Sin, t), polynomial(coefficients::Cos, t), shifted.bits()};
}

Lanes isOdd(Lanes quadrant) { return (quadrant & quadrant.constant(1)) != quadrant.constant(0); }

// sin(r + quadrant * pi/2).
Lanes rotatedSine(Reduced r, Lanes quadrant) {
  Lanes value = select(isOdd(quadrant), r.cosine, r.sine);
  Lanes sign = (quadrant & quadrant.constant(2)) << 62;
  return (value.bits() ^ sign).asFloat();
}

// Infinity and NaN give NaN in the reduction.
Lanes isTooLarge(Lanes x) {
  Lanes magnitude = absolute(x);
  return (magnitude > Limit) & (magnitude < std::numeric_limits<double>::infinity());
}

Lanes withLargeArguments(Lanes x, const char* function, Lanes result) {
  return replacedWhereAny(isTooLarge(x), result, [&] { return callPerLane(function, {x.toF64()}).toF32(); });
}

}  // namespace

Lanes sinF32(Lanes x) {
  Reduced r = reduce(x.toF64());
  return withLargeArguments(x, "sin", rotatedSine(r, r.quadrant).toF32());
}

Lanes cosF32(Lanes x) {
  Reduced r = reduce(x.toF64());
  return withLargeArguments(x, "cos", rotatedSine(r, r.quadrant + r.quadrant.constant(1)).toF32());
}

Lanes tanF32(Lanes x) {
  Reduced r = reduce(x.toF64());
  Lanes odd = isOdd(r.quadrant);
  Lanes quotient = select(odd, -r.cosine, r.sine) / select(odd, r.sine, r.cosine);
  return withLargeArguments(x, "tan", quotient.toF32());
}

}  // namespace gems::cpu
