// Float to integer conversions that are defined for every input and give what C++ code gives on x86: NaN and values out
// of range become the smallest i32 or i64, and narrower types get the low bits of that. Truncates toward zero.
//
//   i8, i16, u16   through i32
//   u8             through i64 (PyTorch's c10::convert goes that way)
//   i32, i64       direct
//   u32            the low bits of i64
//   u64            below 2^63 as i64, else i64 of x - 2^63 with the top bit flipped
#pragma once

#include "Cpu/Lanes.h"

namespace gems::cpu {

Lanes floatToSigned(Lanes x, mlir::Type element);
Lanes floatToUnsigned(Lanes x, mlir::Type element);

}  // namespace gems::cpu
