// exp2, expm1, sinh, cosh: 2^t = 2^n * 2^f with n the nearest integer, in f64 lanes.
#include "Cpu/Coefficients.h"
#include "Cpu/Math.h"

namespace gems::cpu {
namespace {

// f32 results are 0 or infinite beyond; far enough inside the range of f64 for every use below.
constexpr double ExponentLimit = 200;

struct Power {
  Lanes fractionM1;    // 2^f - 1
  Lanes exponentBits;  // n, where a double keeps its exponent
};

Power power(Lanes t) {
  Lanes shifted = t + RoundToInteger;
  Lanes f = t - (shifted - RoundToInteger);
  return {f * polynomial(coefficients::Exp2, f), shifted.bits() << 52};
}

Lanes scaled(Lanes x, Lanes exponentBits) { return (x.bits() + exponentBits).asFloat(); }

Lanes exponent(Lanes x) { return clamped(x.toF64() * Log2OfE, -ExponentLimit, ExponentLimit); }

}  // namespace

Lanes exp2F64(Lanes t) {
  Power p = power(t);
  return scaled(p.fractionM1 + 1.0, p.exponentBits);
}

Lanes exp2m1F64(Lanes t) {
  Power p = power(t);
  Lanes scale = scaled(t.constant(1.0), p.exponentBits);
  return fma(scale, p.fractionM1, scale - 1.0);
}

Lanes exp2F32(Lanes x) { return exp2F64(clamped(x.toF64(), -ExponentLimit, ExponentLimit)).toF32(); }

// The sign is put back because -0 loses it in a sum with 2^0 - 1.
Lanes expm1F32(Lanes x) { return withSignOf(exp2m1F64(exponent(x)).toF32(), x); }

Lanes sinhF32(Lanes x) {
  Lanes e = exp2m1F64(exponent(absolute(x)));
  return withSignOf(((e + e / (e + 1.0)) * 0.5).toF32(), x);
}

Lanes coshF32(Lanes x) {
  Lanes e = exp2F64(exponent(absolute(x)));
  return ((e + 1.0 / e) * 0.5).toF32();
}

}  // namespace gems::cpu
