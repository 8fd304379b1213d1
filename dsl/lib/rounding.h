// Rounding to the float types, and the bit layout of the narrow ones. Exact: one rounding, to nearest even.
#pragma once

#include <cstdint>

#include "gems/dsl/dtype.h"

namespace gems {

// x rounded to a float type, denormals included. What is too large becomes infinite, or NaN where there is no infinity,
// as in c10. long double holds every i64 and u64, so an integer is rounded once too (where long double is at least the
// 80-bit format).
double round_to(DType to, long double x);

// Bits of a float type of one or two bytes; value must be one that the type holds.
std::uint16_t encode(DType dtype, double value);
double decode(DType dtype, std::uint16_t bits);

}  // namespace gems
