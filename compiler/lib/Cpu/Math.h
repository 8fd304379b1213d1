// The math functions of CPU kernels on f32 lanes. Each result is within about one unit in the last place over all
// inputs, denormals and special values included. Most compute in f64; exp, tanh and erf, which activations are made of,
// in f32. ExpandMath.cpp maps math ops to them.
#pragma once

#include "Cpu/Lanes.h"
#include "Cpu/VectorUnit.h"

namespace gems::cpu {

Lanes expF32(Lanes x, VectorUnit unit);
Lanes tanhF32(Lanes x);
Lanes erfF32(Lanes x, VectorUnit unit);

Lanes exp2F32(Lanes x);
Lanes expm1F32(Lanes x);
Lanes sinhF32(Lanes x);
Lanes coshF32(Lanes x);

Lanes logF32(Lanes x);
Lanes log2F32(Lanes x);
Lanes log10F32(Lanes x);
Lanes log1pF32(Lanes x);

Lanes sinF32(Lanes x);
Lanes cosF32(Lanes x);
Lanes tanF32(Lanes x);

Lanes asinF32(Lanes x);
Lanes acosF32(Lanes x);
Lanes atanF32(Lanes x);
Lanes atan2F32(Lanes y, Lanes x);

Lanes erfcF32(Lanes x);

Lanes powF32(Lanes x, Lanes y);
Lanes fmodF32(Lanes x, Lanes y);

// 4^t and log2(x) for pw.approximate: absolute error of the logarithm, relative error of the power below 2^-21.
Lanes approximateExp4(Lanes t, VectorUnit unit);
Lanes approximateLog2(Lanes x, VectorUnit unit);
// x Phi(x), Phi the normal distribution, with avx512::canLookUp: relative error 2^-10.
Lanes geluBf16ByTable(Lanes x);

// Parts that several of the above are made of, on f32 lanes.

// Adding this rounds an f32 to an integer, whose low bits are then the low bits of the sum.
inline constexpr double RoundSingle = 0x1.8p23;

// And on f64 lanes.

inline constexpr double Log2OfE = 1.4426950408889634;
// Adding this rounds an f64 to an integer, whose low bits are then the low bits of the sum.
inline constexpr double RoundToInteger = 0x1.8p52;

// 2^t for |t| <= 1000; NaN stays NaN.
Lanes exp2F64(Lanes t);
// 2^t - 1 for |t| <= 1000, without cancellation near 0.
Lanes exp2m1F64(Lanes t);

}  // namespace gems::cpu
