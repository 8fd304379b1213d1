// Numbers of a call as kernel parameters.
#pragma once

#include <cstddef>

#include "gems/runtime/arguments.h"

namespace gems {

// The largest compute dtype, c128.
inline constexpr std::size_t MaxNumberBytes = 16;

// Writes number, converted as ScalarOp::Cast converts, in the bit layout of dtype (bool: one byte, 0 or 1).
void pack_number(const NumberValue& number, DType dtype, std::byte* to);

}  // namespace gems
