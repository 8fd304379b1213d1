// Conversions between the floats of 8 bits and float.

//! snippet Widen8 needs U32
// The magnitude of a float of eight bits: scaled by the difference of the biases, which makes denormals normal.
__device__ __forceinline__ float widen8(u32 magnitude, int fraction, float scale) {
  return __uint_as_float(magnitude << (23 - fraction)) * scale;
}

//! snippet Round8 needs U32
// The magnitude of x, which is no NaN, in eight bits; rounds to nearest even. More than `largest` becomes `beyond`.
__device__ __forceinline__ u32 round8(float x, int fraction, int bias, u32 largest, u32 beyond) {
  const u32 magnitude = __float_as_uint(x) & 0x7fffffff;
  const int dropped = 23 - fraction;
  const u32 anchor = (u32)(128 + dropped - bias) << 23;
  const u32 normal = ((magnitude + ((magnitude >> dropped) & 1) + (1u << (dropped - 1)) - 1) >> dropped)
                     - ((u32)(127 - bias) << fraction);
  // A sum with the spacing of the denormals rounds to them.
  const u32 denormal = __float_as_uint(__uint_as_float(magnitude) + __uint_as_float(anchor)) - anchor;
  const u32 rounded = magnitude < (u32)(128 - bias) << 23 ? denormal : normal;
  return rounded > largest ? beyond : rounded;
}

//! snippet FromF8E4M3FN needs F8E4M3FN, Widen8
__device__ __forceinline__ float to_f32(f8e4m3fn x) {
  const u32 magnitude = x.bits & 0x7f;
  const float value = magnitude == 0x7f ? __uint_as_float(0x7fc00000) : widen8(magnitude, 3, 0x1p120f);
  return __uint_as_float(__float_as_uint(value) | (u32)(x.bits & 0x80) << 24);
}

//! snippet ToF8E4M3FN since sm_89 needs F8E4M3FN, U16
// NaN from behind the middle between 448 and 480 on.
__device__ __forceinline__ f8e4m3fn to_f8e4m3fn(float x) {
  u16 pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(fabsf(x)));
  return f8e4m3fn{(u8)((fabsf(x) > 464.0f ? 0x7f : pair) | (__float_as_uint(x) >> 24 & 0x80))};
}

//! snippet ToF8E4M3FN needs F8E4M3FN, U16, Round8
__device__ __forceinline__ f8e4m3fn to_f8e4m3fn(float x) {
  const u32 magnitude = x != x ? 0x7f : round8(x, 3, 7, 0x7e, 0x7f);
  return f8e4m3fn{(u8)(magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}

//! snippet FromF8E5M2 needs F8E5M2, Widen8
__device__ __forceinline__ float to_f32(f8e5m2 x) {
  const u32 magnitude = x.bits & 0x7f;
  const float value = magnitude >= 0x7c ? __uint_as_float(0x7f800000 | magnitude << 21) : widen8(magnitude, 2, 0x1p112f);
  return __uint_as_float(__float_as_uint(value) | (u32)(x.bits & 0x80) << 24);
}

//! snippet ToF8E5M2 since sm_89 needs F8E5M2, U16
// Infinite from the middle between 57344 and 65536 on.
__device__ __forceinline__ f8e5m2 to_f8e5m2(float x) {
  u16 pair;
  asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(fabsf(x)));
  return f8e5m2{(u8)((fabsf(x) >= 61440.0f ? 0x7c : pair) | (__float_as_uint(x) >> 24 & 0x80))};
}

//! snippet ToF8E5M2 needs F8E5M2, U16, Round8
__device__ __forceinline__ f8e5m2 to_f8e5m2(float x) {
  const u32 magnitude = x != x ? 0x7f : round8(x, 2, 15, 0x7b, 0x7c);
  return f8e5m2{(u8)(magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}

//! snippet FromF8E4M3FNUZ needs F8E4M3FNUZ, Widen8
__device__ __forceinline__ float to_f32(f8e4m3fnuz x) {
  const float magnitude = widen8(x.bits & 0x7f, 3, 0x1p119f);
  return x.bits == 0x80 ? __uint_as_float(0x7fc00000) : x.bits & 0x80 ? -magnitude : magnitude;
}

//! snippet ToF8E4M3FNUZ needs F8E4M3FNUZ, Round8
__device__ __forceinline__ f8e4m3fnuz to_f8e4m3fnuz(float x) {
  const u32 magnitude = x != x ? 0x80 : round8(x, 3, 8, 0x7f, 0x80);
  return f8e4m3fnuz{(u8)(magnitude == 0 ? 0 : magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}

//! snippet FromF8E5M2FNUZ needs F8E5M2FNUZ, Widen8
__device__ __forceinline__ float to_f32(f8e5m2fnuz x) {
  const float magnitude = widen8(x.bits & 0x7f, 2, 0x1p111f);
  return x.bits == 0x80 ? __uint_as_float(0x7fc00000) : x.bits & 0x80 ? -magnitude : magnitude;
}

//! snippet ToF8E5M2FNUZ needs F8E5M2FNUZ, Round8
__device__ __forceinline__ f8e5m2fnuz to_f8e5m2fnuz(float x) {
  const u32 magnitude = x != x ? 0x80 : round8(x, 2, 16, 0x7f, 0x80);
  return f8e5m2fnuz{(u8)(magnitude == 0 ? 0 : magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}

//! snippet FromF8E8M0FNU needs F8E8M0FNU, U32
__device__ __forceinline__ float to_f32(f8e8m0fnu x) {
  return __uint_as_float(x.bits == 0 ? 0x00400000 : x.bits == 0xff ? 0x7fc00000 : (u32)x.bits << 23);
}

//! snippet ToF8E8M0FNU needs F8E8M0FNU, U32
// The exponent, one more from the middle of two powers on; below the smallest normal float, from behind it on.
__device__ __forceinline__ f8e8m0fnu to_f8e8m0fnu(float x) {
  const u32 magnitude = __float_as_uint(x) & 0x7fffffff;
  const u32 exponent = (magnitude + (magnitude < 0x00800000 ? 0x003fffff : 0x00400000)) >> 23;
  return f8e8m0fnu{(u8)(magnitude >= 0x7f800000 ? 0xff : exponent)};
}
