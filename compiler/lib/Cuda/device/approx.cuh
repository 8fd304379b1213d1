// The approximate instructions, with their errors (docs/precision.md).

//! snippet Ex4
// 4^x; relative error 2^-21. The instruction makes denormal powers of 2 zero, their squares are anyway.
__device__ __forceinline__ float approx_ex4(float x) {
  float root;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(root) : "f"(x));
  return root * root;
}

//! snippet ExpTerm
// e^x as a term of a sum of 1 and more: zero where it would be denormal; relative error 2^-22 + |x| 2^-24.
__device__ __forceinline__ float approx_exp_term(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x * 1.442695041f));
  return result;
}

//! snippet Lg2
// log2(x); relative error 2^-22, between 1/2 and 2 absolute error 2^-22.
__device__ __forceinline__ float approx_lg2(float x) {
  float result;
  asm("lg2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

//! snippet Rcp
// 1 / x for x from 2^-126 to 2^126; relative error 2^-23.
__device__ __forceinline__ float approx_rcp(float x) {
  float result;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

//! snippet Sqrt
// The square root; relative error 2^-23.
__device__ __forceinline__ float approx_sqrt(float x) {
  float result;
  asm("sqrt.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

//! snippet Div
// x / y; relative error 2^-22.
__device__ __forceinline__ float approx_div(float x, float y) {
  float result;
  asm("div.full.f32 %0, %1, %2;" : "=f"(result) : "f"(x), "f"(y));
  return result;
}

//! snippet RcpF64
// 1 / x; relative error 2^-20.
__device__ __forceinline__ double approx_rcp(double x) {
  double result;
  asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(result) : "d"(x));
  return result;
}
