// Rounding to the float types, and the bit layout of the two-byte ones. Exact: one rounding, to nearest even.
#pragma once

#include <cstdint>

#include "gems/dsl/dtype.h"

namespace gems {

// x rounded to F16, BF16, F32 or F64, denormals and overflow to infinity included. long double holds every i64 and u64,
// so an integer is rounded once too (where long double is at least the 80-bit format).
double round_to(DType to, long double x);

// Bits of F16 or BF16; value must be one that the type holds.
std::uint16_t encode16(DType dtype, double value);
double decode16(DType dtype, std::uint16_t bits);

}  // namespace gems
