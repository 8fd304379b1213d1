// The 64-bit form in which Element keeps integers of every width.
#pragma once

#include <cstdint>

#include "gems/dsl/dtype.h"

namespace gems {

constexpr int width_bits(DType t) { return static_cast<int>(8 * size_bytes(t)); }

// The low bits of `bits` as a value of dtype: sign-extended when signed, zero-extended when not.
constexpr std::int64_t wrap(DType dtype, std::uint64_t bits) {
  const int unused = 64 - width_bits(dtype);
  const std::uint64_t shifted = bits << unused;
  return is_signed(dtype) ? static_cast<std::int64_t>(shifted) >> unused : static_cast<std::int64_t>(shifted >> unused);
}

}  // namespace gems
