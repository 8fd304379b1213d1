// Conversions between the floats of 16 bits and float.

//! snippet FromF16 needs F16
__device__ __forceinline__ float to_f32(f16 x) {
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(x.bits));
  return result;
}

//! snippet ToF16 needs F16
__device__ __forceinline__ f16 to_f16(float x) {
  f16 result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
}

//! snippet PackF16 since sm_80 needs ToF16, Vec
// Converts two at a time.
template <int N> __device__ __forceinline__ Vec<f16, N> pack_f16(const float (&from)[N]) {
  Vec<f16, N> result;
  #pragma unroll
  for (int i = 0; i < N / 2; ++i)
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result.words[i]) : "f"(from[2 * i + 1]), "f"(from[2 * i]));
  return result;
}

//! snippet PackF16 needs ToF16, Vec
template <int N> __device__ __forceinline__ Vec<f16, N> pack_f16(const float (&from)[N]) {
  Vec<f16, N> result = {};
  #pragma unroll
  for (int i = 0; i < N; ++i) result.put(i, to_f16(from[i]));
  return result;
}

//! snippet FromBF16 needs BF16, U32
__device__ __forceinline__ float to_f32(bf16 x) { return __uint_as_float((u32)x.bits << 16); }

//! snippet ToBF16 since sm_80 needs BF16, U32
__device__ __forceinline__ bf16 to_bf16(float x) {
  bf16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
}

//! snippet ToBF16 needs BF16, U32
// Rounds to nearest even in integers; a NaN keeps a set quiet bit.
__device__ __forceinline__ bf16 to_bf16(float x) {
  const u32 bits = __float_as_uint(x);
  const u32 rounded = bits + 0x7fff + ((bits >> 16) & 1);
  return bf16{(u16)((x == x ? rounded : bits | 0x400000) >> 16)};
}

//! snippet PackBF16 since sm_80 needs ToBF16, Vec
// Converts two at a time.
template <int N> __device__ __forceinline__ Vec<bf16, N> pack_bf16(const float (&from)[N]) {
  Vec<bf16, N> result;
  #pragma unroll
  for (int i = 0; i < N / 2; ++i)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result.words[i]) : "f"(from[2 * i + 1]), "f"(from[2 * i]));
  return result;
}

//! snippet PackBF16 needs ToBF16, Vec
template <int N> __device__ __forceinline__ Vec<bf16, N> pack_bf16(const float (&from)[N]) {
  Vec<bf16, N> result = {};
  #pragma unroll
  for (int i = 0; i < N; ++i) result.put(i, to_bf16(from[i]));
  return result;
}
