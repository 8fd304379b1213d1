// The instructions of pw.approximate as f32 lanes: 4^t and log2(x), each with an error below 2^-21.
#include <cmath>
#include <limits>

#include "Cpu/Avx512.h"
#include "Cpu/Coefficients.h"
#include "Cpu/Math.h"

namespace gems::cpu {
namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();

Lanes log2OfMantissa(Lanes mantissa, Lanes exponent) {
  Lanes f = mantissa - 1.0;
  return fma(f, polynomial(coefficients::Log2Approximate, f), exponent);
}

}  // namespace

Lanes approximateExp4(Lanes t, VectorUnit unit) {
  if (avx512::available(t, unit)) {
    Lanes twice = t + t;
    Lanes f = avx512::fractionToNearest(twice);
    return avx512::scaleByPowerOf2(fma(f, polynomial(coefficients::Exp2Approximate, f), 1.0), twice - f);
  }
  // 2^t is a normal number unless 4^t is 0 or infinite: one multiplication gives it its exponent, its square is rounded
  // once. Beyond these bounds nothing changes.
  t = clamped(t, -76, 65);
  constexpr double RoundBiased = RoundSingle + 127;
  Lanes shifted = t + RoundBiased;
  Lanes f = t - (shifted - RoundBiased);
  Lanes scale = (shifted.bits() << 23).asFloat();
  Lanes power = fma(f * scale, polynomial(coefficients::Exp2Approximate, f), scale);
  return power * power;
}

// The positive part less the tail, as in pw.approximate gelu_bf16, with a tail in short pieces. The last piece goes on
// to infinity; the bound on x keeps infinity from meeting the tail's 0.
Lanes geluBf16ByTable(Lanes x) {
  using coefficients::Log2TailTable;
  constexpr double Last = 15;
  Lanes distance = absolute(select(x > Last, x.constant(Last), x));
  Lanes shifted = distance + RoundSingle;
  Lanes index = select(shifted > RoundSingle + Last, x.constant(RoundSingle + Last), shifted).bits();
  Lanes log2Tail = avx512::lookUp(Log2TailTable[2], index);
  for (int row : {1, 0}) log2Tail = fma(log2Tail, distance, avx512::lookUp(Log2TailTable[row], index));
  Lanes f = avx512::fractionToNearest(log2Tail);
  Lanes power = fma(f, polynomial(coefficients::Exp2Bf16, f), 1.0);
  Lanes tail = avx512::scaleByPowerOf2(power, log2Tail - f);
  return fma(-distance, tail, select(x < -0.0, x.constant(-0.0), x));
}

Lanes approximateLog2(Lanes x, VectorUnit unit) {
  if (avx512::available(x, unit)) {
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
