// at::ScalarType to gems::DType and back.
#pragma once

#include <c10/core/ScalarType.h>

#include <array>
#include <cstdint>
#include <optional>

#include "gems/dsl/dtype.h"

namespace gems::aten {

// In the order of DType.
inline constexpr std::array<at::ScalarType, DTypeCount> scalar_types = {
    at::kBool,          at::kByte,          at::kChar,        at::kShort,           at::kInt,
    at::kLong,          at::kUInt16,        at::kUInt32,      at::kUInt64,          at::kHalf,
    at::kBFloat16,      at::kFloat,         at::kDouble,      at::kComplexHalf,     at::kComplexFloat,
    at::kComplexDouble, at::kFloat8_e4m3fn, at::kFloat8_e5m2, at::kFloat8_e4m3fnuz, at::kFloat8_e5m2fnuz,
    at::kFloat8_e8m0fnu};

constexpr at::ScalarType to_scalar_type(DType dtype) { return scalar_types[static_cast<std::size_t>(dtype)]; }

// Nothing for dtypes that gems does not know (quantized, bits, float4).
constexpr std::optional<DType> to_dtype(at::ScalarType type) {
  constexpr auto table = [] {
    std::array<std::int8_t, at::NumScalarTypes + 1> entries{};
    entries.fill(-1);
    for (std::size_t i = 0; i < DTypeCount; ++i)
      entries[static_cast<std::size_t>(scalar_types[i])] = static_cast<std::int8_t>(i);
    return entries;
  }();
  const std::int8_t entry = table[static_cast<std::size_t>(type)];
  return entry < 0 ? std::nullopt : std::optional(static_cast<DType>(entry));
}

}  // namespace gems::aten
