// exp, tanh and erf in f32 lanes: the functions that activations are made of, at twice the speed of f64.
#include "Cpu/Avx512.h"
#include "Cpu/Coefficients.h"
#include "Cpu/Math.h"

namespace gems::cpu {
namespace {

// ln 2 in two parts; the first has 15 bits, so that its product with an exponent is exact.
constexpr double Ln2High = 0x1.62e4p-1;
constexpr double Ln2Low = 1.428606765330187e-06;

struct Power {
  Lanes mantissaM1;  // e^r - 1, |r| <= ln(2) / 2
  Lanes n;           // with x = n ln(2) + r
  Lanes shifted;     // n + round
};

// round: RoundSingle, or a bit more.
Power power(Lanes x, double round) {
  Lanes shifted = fma(x, Log2OfE, round);
  Lanes n = shifted - round;
  Lanes r = fma(n, -Ln2Low, fma(n, -Ln2High, x));
  Lanes square = r * r;
  return {fma(square, polynomial(coefficients::ExpTail, r, square), r), n, shifted};
}

// mantissa * 2^n where the result is a normal number; a NaN may come out as anything.
Lanes scaledToNormal(Lanes mantissa, Lanes shifted) { return (mantissa.bits() + (shifted.bits() << 23)).asFloat(); }

}  // namespace

Lanes expF32(Lanes x, VectorUnit unit) {
  // Beyond these the result is 0 or infinite.
  x = clamped(x, -104, 89);
  if (avx512::available(x, unit)) {
    Power p = power(x, RoundSingle);
    return avx512::scaleByPowerOf2(p.mantissaM1 + 1.0, p.n);
  }
  // In two steps, of which only the second may round: 2^(n / 2), then what is left. Both exponents are biased by 127.
  Power p = power(x, RoundSingle + 254);
  Lanes biased = p.shifted.bits();
  Lanes half = biased >> 1;
  auto powerOfTwo = [](Lanes exponent) { return (exponent << 23).asFloat(); };
  Lanes first = powerOfTwo(half);
  return fma(p.mantissaM1, first, first) * powerOfTwo(biased - half);
}

// Near 0 an odd polynomial, else 1 - 2 / (e^2x + 1). NaN takes the polynomial.
Lanes tanhF32(Lanes x) {
  Lanes magnitude = absolute(x);
  Lanes square = x * x;
  Lanes near = fma(magnitude * square, polynomial(coefficients::TanhNear, square), magnitude);
  Power p = power(select(magnitude > 10.0, x.constant(20.0), magnitude + magnitude), RoundSingle);
  Lanes far = 1.0 - 2.0 / (scaledToNormal(p.mantissaM1 + 1.0, p.shifted) + 1.0);
  return withSignOf(select(magnitude > coefficients::TanhCut, far, near), x);
}

namespace {

// Near 0 an odd polynomial, else 1 - 2^p(x). NaN takes the polynomial.
Lanes erfByExponential(Lanes magnitude) {
  Lanes square = magnitude * magnitude;
  Lanes near = fma(magnitude, polynomial(coefficients::ErfNear, square), magnitude);
  Lanes exponent = polynomial(coefficients::ErfFar, magnitude, square);
  Lanes shifted = exponent + RoundSingle;
  Lanes f = exponent - (shifted - RoundSingle);
  Lanes mantissa = fma(f, polynomial(coefficients::Exp2Short, f), 1.0);
  Lanes far = 1.0 - scaledToNormal(mantissa, shifted);
  return select(magnitude > coefficients::ErfCut, far, near);
}

// A short polynomial whose coefficients are lookUp up by interval.
Lanes erfByTable(Lanes magnitude) {
  using coefficients::ErfTable;
  Lanes shifted = fma(magnitude, coefficients::ErfTableScale, RoundSingle);
  Lanes index = shifted.bits();
  Lanes d = magnitude - avx512::lookUp(ErfTable[0], index);
  Lanes slope = avx512::lookUp(ErfTable[6], index);
  for (int row = 5; row >= 2; --row) slope = fma(slope, d, avx512::lookUp(ErfTable[row], index));
  Lanes value = fma(slope, d, avx512::lookUp(ErfTable[1], index));
  // Where erf(x) is near x, the table has the difference, which is small: one rounding counts.
  Lanes isNear = shifted <= RoundSingle + 2;
  return select(isNear, value + magnitude, value);
}

}  // namespace

Lanes erfF32(Lanes x, VectorUnit unit) {
  Lanes magnitude = absolute(x);
  magnitude = select(magnitude > coefficients::ErfEnd, x.constant(coefficients::ErfEnd), magnitude);
  return withSignOf(avx512::canLookUp(x, unit) ? erfByTable(magnitude) : erfByExponential(magnitude), x);
}

}  // namespace gems::cpu
