// The instructions of pw.approximate as f32 lanes: 2^t and log2(x), each with an error below 2^-21.
#include <cmath>
#include <limits>

#include "Avx512.h"
#include "Coefficients.h"
#include "Math.h"

namespace gems::cpu {
namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();
Lanes fractionalPower(Lanes f) { return fma(f, polynomial(coefficients::Exp2Approximate, f), 1.0); }

Lanes log2OfMantissa(Lanes mantissa, Lanes exponent) {
  Lanes f = mantissa - 1.0;
  return fma(f, polynomial(coefficients::Log2Approximate, f), exponent);
}

}  // namespace

Lanes approximateExp2(Lanes t, VectorUnit unit) {
  if (avx512::suits(t, unit)) {
    Lanes f = avx512::lessNearestInteger(t);
    return avx512::scaled(fractionalPower(f), t - f);
  }
  t = clamped(t, -151, 129);
  Lanes shifted = t + RoundSingle;
  return scaledInSteps(fractionalPower(t - (shifted - RoundSingle)), shifted);
}

Lanes approximateLog2(Lanes x, VectorUnit unit) {
  if (avx512::suits(x, unit)) {
    Lanes mantissa = avx512::mantissaAround1(x);
    return log2OfMantissa(mantissa, avx512::exponent(x) - avx512::exponent(mantissa));
  }
  constexpr int64_t ThreeQuarters = 0x3F400000, MantissaBits = 0x007FFFFF, Bias = 256;
  Lanes isDenormal = x < 0x1p-126;
  Lanes normal = select(isDenormal, x * 0x1p24, x);
  Lanes distance = normal.bits() + normal.bits().constant((Bias << 23) - ThreeQuarters);
  Lanes mantissa = ((distance & distance.constant(MantissaBits)) + distance.constant(ThreeQuarters)).asFloat();
  // An integer below 2^23 put into the mantissa of 2^23 is that sum.
  Lanes exponent = ((distance >> 23) | distance.constant(int64_t(0x4B000000))).asFloat() - (0x1p23 + Bias);
  Lanes result = log2OfMantissa(mantissa, select(isDenormal, exponent - 24.0, exponent));
  Lanes other = select(x == 0.0, x.constant(-Infinity), select(x < 0.0, x.constant(std::nan("")), x));
  return select((x > 0.0) & (x < Infinity), result, other);
}

}  // namespace gems::cpu
