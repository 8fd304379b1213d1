// Functions of complex numbers as arithmetic on their parts. Conventions at zeros and infinities follow ATen.
#pragma once

#include "Scalar/Real.h"

namespace gems::pw {

// A complex number as two f32 or two f64 values.
struct Parts {
  Real re, im;
};

Parts operator+(Parts x, Parts y);
Parts operator-(Parts x, Parts y);
Parts operator*(Parts x, Parts y);  // no recovery of infinities, as c10::complex
Parts operator/(Parts x, Parts y);  // scaled, as c10::complex
Parts operator-(Parts x);
Parts operator*(Parts x, double factor);

Parts select(Truth condition, Parts x, Parts y);
Truth operator==(Parts x, Parts y);
Truth operator!=(Parts x, Parts y);

Real hypot(Real x, Real y);     // no overflow or underflow on the way
Real logHypot(Real x, Real y);  // log(hypot(x, y)), also where that overflows
Parts sqrt(Parts z);
Parts reciprocal(Parts z);
Parts exp(Parts z);
Parts exp2(Parts z);
Parts expm1(Parts z);
Parts log(Parts z);
Parts log2(Parts z);
Parts log10(Parts z);
Parts log1p(Parts z);
Parts sin(Parts z);
Parts cos(Parts z);
Parts tan(Parts z);
Parts sinh(Parts z);
Parts cosh(Parts z);
Parts tanh(Parts z);
Parts asin(Parts z);
Parts acos(Parts z);
Parts atan(Parts z);

// Where ATen's values at infinities differ between its devices.
enum class Limits { Cpu, Cuda };
Parts rsqrt(Parts z, Limits limits);
Parts sigmoid(Parts z, Limits limits);
Parts pow(Parts x, Parts y, Limits limits);

}  // namespace gems::pw
