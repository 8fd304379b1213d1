// The power of two floats (docs/precision.md).

//! snippet PowF32 needs RcpF64, U32
// Not immediate operands, which doubles of more than 20 bits would need instructions for.
__constant__ double pow_constants[] = {0.9617966733679836, 2.8853900817900624, 0.6931471805815628};

// |x|^y = 2^t, t = y log2|x|, the logarithm in double: |x| = m 2^e, s = (m - 1) / (m + 1), log2(m) = s P(s^2).
// Error 0.55 units in the last place.
__device__ __forceinline__ float pow_f32(float x, float y) {
  const float half = y * 0.5f;
  const bool integer = truncf(y) == y;
  const u32 odd_sign = integer & (truncf(half) != half) ? 0x80000000u : 0u;
  const double magnitude = fabsf(x);
  // m from sqrt(1/2) to sqrt(2). The exponent, more by 1024, becomes a double as the low word of one that begins at 2^52.
  const u32 high = __double2hiint(magnitude) + (0x40000000u - 0x3fe6a09eu);
  const double m = __hiloint2double((high & 0xfffff) + 0x3fe6a09e, __double2loint(magnitude));
  const double e = __hiloint2double(0x43300000, high >> 20) - (0x1p52 + 1024.0);
  const double d = m + 1.0;
  const double about = approx_rcp(d);
  const double s = (m - 1.0) * fma(fma(-d, about, 1.0), about, about);
  const double z = s * s;
  double p = fma(0x1.5ceap-2, z, 0x1.a58dcp-2);
  p = fma(p, z, 0x1.27776p-1);
  p = fma(p, z, pow_constants[0]);
  p = fma(p, z, pow_constants[1]);
  const double t = fma(s, p, e) * (double)y;
  // 2^t = 2^n 2^fraction: adding 1.5 2^52 rounds t to the integer n, which are then the low bits of the sum.
  const double shifted = t + 0x1.8p52;
  const double fraction = t - (shifted - 0x1.8p52);
  const float f = (float)fraction;
  float q = fmaf(1.5312004e-05f, f, 0.00015466938f);
  q = fmaf(q, f, 0.0013333447f);
  q = fmaf(q, f, 0.009618037f);
  q = fmaf(q, f, 0.05550411f);
  q = fmaf(q, f, 0.2402265f);
  const double power = fma(fraction, fma(fraction, (double)q, pow_constants[2]), 1.0);
  const u32 scaled = (u32)__double2hiint(power) + ((u32)__double2loint(shifted) << 20);
  float result = (float)__hiloint2double(scaled, __double2loint(power));
  // One test and one branch: x is 0, infinite or NaN, or t is large or NaN, or the power of a negative number has none.
  const bool rare = (high - (0x76900000u - 0x3fe6a09eu) >= 0x49600000u) | !(fabs(t) < 200.0) | ((x < 0.0f) & !integer);
  if (rare) {
    // The sign of t is right, its magnitude may not be.
    result = t > 0.0 ? __uint_as_float(0x7f800000u) : t < 0.0 ? 0.0f : 1.0f;
    if ((x != x) | (y != y) | ((x < 0.0f) & (x >= -3.4028235e38f) & !integer)) result = __uint_as_float(0x7fffffffu);
    if ((x == 1.0f) | (y == 0.0f)) result = 1.0f;
  }
  return __uint_as_float(__float_as_uint(result) | (__float_as_uint(x) & odd_sign));
}
