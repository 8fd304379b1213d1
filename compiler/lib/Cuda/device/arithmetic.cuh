// Scalar functions that CUDA lacks: minima and maxima of floats, magnitudes and powers of integers.

//! snippet MinMaxF32 since sm_80
// NaN if either is NaN.
__device__ __forceinline__ float minimum(float a, float b) {
  float result;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
__device__ __forceinline__ float maximum(float a, float b) {
  float result;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}

//! snippet MinMaxF32
// NaN if either is NaN.
__device__ __forceinline__ float minimum(float a, float b) { return a != a || a <= b ? a : b; }
__device__ __forceinline__ float maximum(float a, float b) { return a != a || a >= b ? a : b; }

//! snippet MinMaxF64
// NaN if either is NaN.
__device__ __forceinline__ double minimum(double a, double b) { return a != a || a < b ? a : b; }
__device__ __forceinline__ double maximum(double a, double b) { return a != a || a > b ? a : b; }

//! snippet Magnitude
// The absolute value of a signed integer, in an unsigned type; the lowest one is itself.
template <class U> __device__ __forceinline__ U magnitude(U x) { return x >> (8 * sizeof(U) - 1) ? (U)(0 - x) : x; }

//! snippet Power
// x^n by squaring, wrapping.
template <class U> __device__ __forceinline__ U power(U x, U n) {
  U result = 1;
  for (; n != 0; n >>= 1, x *= x)
    if (n & 1) result *= x;
  return result;
}
