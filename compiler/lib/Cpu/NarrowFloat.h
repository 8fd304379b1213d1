// f16, bf16 and float8 in CPU kernels: they travel as their bits (i16, i8) and are converted to and from f32 here,
// rounding to nearest even, denormals kept, NaN to NaN. The code generator's own conversions of bf16 flush denormals or
// call a function that no library has, and it knows no float8, so these never appear as LLVM types; f16 does where the
// processor converts it.
#pragma once

#include "Cpu/Lanes.h"
#include "Cpu/VectorUnit.h"
#include "gems/dsl/dtype.h"

namespace gems::cpu {

// dtype: one that pw::narrowFloat gives. Rounding to bf16 may split the block, for a rare branch (LaneCalls.h).
Lanes narrowToF32(Lanes bits, DType dtype, VectorUnit unit);
Lanes f32ToNarrow(Lanes x, DType dtype, VectorUnit unit);
// To bf16 from f32 lanes in the order of Bf16Pairs.h.
Lanes f32ToBf16Pairs(Lanes x);

}  // namespace gems::cpu
