// The conversions of Float8.h. The formats differ in numbers only, but for f8e8m0fnu, which is an exponent.
#include "Cpu/Float8.h"

#include <cmath>

using namespace mlir;

namespace gems::cpu {
namespace {

struct Format {
  int fractionBits;
  int bias;
  int64_t largest;  // bits of the largest number; what rounds to more is `beyond`
  int64_t beyond;
  int64_t nan;
  bool hasNegativeZero;  // else its bits are NaN's
};

constexpr Format formatOf(DType dtype) {
  switch (dtype) {
    case DType::F8E4M3FN:
      return {3, 7, 0x7e, 0x7f, 0x7f, true};
    case DType::F8E5M2:
      return {2, 15, 0x7b, 0x7c, 0x7f, true};
    case DType::F8E4M3FNUZ:
      return {3, 8, 0x7f, 0x80, 0x80, false};
    default:
      return {2, 16, 0x7f, 0x80, 0x80, false};  // f8e5m2fnuz
  }
}

constexpr int64_t Infinity = 0x7f800000;
constexpr int64_t QuietNan = 0x7fc00000;

Lanes masked(Lanes x, int64_t mask) { return x & x.constant(mask); }

Lanes powerToF32(Lanes wide) {
  Lanes bits = select(wide == wide.constant(0), wide.constant(0x00400000), wide << 23);
  return select(wide == wide.constant(0xff), wide.constant(QuietNan), bits).asFloat();
}

// The exponent of the f32, one more from the middle of two powers on; below the smallest normal f32, from behind it on.
Lanes f32ToPower(Lanes x) {
  Lanes magnitude = masked(x.bits(), 0x7fffffff);
  Lanes isDenormal = magnitude < magnitude.constant(0x00800000);
  Lanes half = select(isDenormal, magnitude.constant(0x003fffff), magnitude.constant(0x00400000));
  Lanes exponent = (magnitude + half) >> 23;
  return select(magnitude >= magnitude.constant(Infinity), magnitude.constant(0xff), exponent);
}

}  // namespace

Lanes float8ToF32(Lanes bits, DType dtype) {
  Lanes wide = bits.extended(bits.builder().getI32Type());
  if (dtype == DType::F8E8M0FNU) return powerToF32(wide);
  const Format format = formatOf(dtype);
  Lanes magnitude = masked(wide, 0x7f);
  // The exponents differ in bias; scaling also makes denormals normal.
  Lanes scaled = ((magnitude << (23 - format.fractionBits)).asFloat() * std::ldexp(1.0, 127 - format.bias)).bits();
  if (!format.hasNegativeZero) {
    Lanes result = scaled | (masked(wide, 0x80) << 24);
    return select(wide == wide.constant(format.nan), wide.constant(QuietNan), result).asFloat();
  }
  Lanes special = magnitude.constant(QuietNan);
  if (format.largest + 1 != format.nan)
    special = select(magnitude == magnitude.constant(format.largest + 1), magnitude.constant(Infinity), special);
  Lanes result = select(magnitude > magnitude.constant(format.largest), special, scaled);
  return (result | (masked(wide, 0x80) << 24)).asFloat();
}

Lanes f32ToFloat8(Lanes x, DType dtype) {
  Type byte = x.builder().getI8Type();
  if (dtype == DType::F8E8M0FNU) return f32ToPower(x).truncated(byte);
  const Format format = formatOf(dtype);
  const int dropped = 23 - format.fractionBits;
  Lanes bits = x.bits();
  Lanes magnitude = masked(bits, 0x7fffffff);
  // Half a unit of the last place that stays, less one when that place is even: ties go to even.
  Lanes rounded = magnitude + (masked(magnitude >> dropped, 1) + magnitude.constant((int64_t(1) << (dropped - 1)) - 1));
  Lanes normal = (rounded >> dropped) - magnitude.constant(int64_t(127 - format.bias) << format.fractionBits);
  // A number whose last place is that of the denormals: the addition rounds to them.
  const int64_t anchor = int64_t(127 + dropped + 1 - format.bias) << 23;
  Lanes denormal = (magnitude.asFloat() + magnitude.constant(anchor).asFloat()).bits() - magnitude.constant(anchor);
  Lanes result = select(magnitude < magnitude.constant(int64_t(128 - format.bias) << 23), denormal, normal);
  result = select(result > result.constant(format.largest), result.constant(format.beyond), result);
  result = select(magnitude > magnitude.constant(Infinity), result.constant(format.nan), result);
  Lanes sign = masked(bits >> 24, 0x80);
  if (!format.hasNegativeZero) sign = select(result == result.constant(0), result, sign);
  return (result | sign).truncated(byte);
}

}  // namespace gems::cpu
