// f16 and bf16 in CPU kernels: they travel as their 16 bits (i16) and are converted to and from f32 here, rounding to
// nearest even, denormals kept, NaN to NaN. The code generator's own conversions of bf16 flush denormals or call a
// function that no library has, so bf16 never appears as an LLVM type; f16 does where the processor converts it.
#pragma once

#include "Lanes.h"

namespace gems::cpu {

Lanes bf16ToF32(Lanes bits);
Lanes f32ToBf16(Lanes x);

// hasF16c: the processor has the conversion instructions.
Lanes f16ToF32(Lanes bits, bool hasF16c);
Lanes f32ToF16(Lanes x, bool hasF16c);

}  // namespace gems::cpu
