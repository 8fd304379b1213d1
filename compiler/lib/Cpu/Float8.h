// float8 to and from f32 in CPU kernels, in integer arithmetic, with the results of c10's types: what is too large
// becomes infinite where there is an infinity, else NaN. Part of NarrowFloat.h.
#pragma once

#include "Cpu/Lanes.h"
#include "gems/dsl/dtype.h"

namespace gems::cpu {

Lanes float8ToF32(Lanes bits, DType dtype);
Lanes f32ToFloat8(Lanes x, DType dtype);

}  // namespace gems::cpu
