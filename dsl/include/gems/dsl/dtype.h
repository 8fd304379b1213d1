// Element types: names, sizes, categories, and the relations that promotion needs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gems {

// The enumerators are ordered as tables elsewhere index them; append only.
enum class DType : std::uint8_t {
  Bool,
  U8,
  I8,
  I16,
  I32,
  I64,
  U16,
  U32,
  U64,
  F16,
  BF16,
  F32,
  F64,
  C32,
  C64,
  C128,
  // Floats of eight bits, named by their exponent and mantissa bits. fn: no infinities; uz: nor a negative zero; u: no
  // sign. f8e8m0fnu is a power of two, and no zero.
  F8E4M3FN,
  F8E5M2,
  F8E4M3FNUZ,
  F8E5M2FNUZ,
  F8E8M0FNU,
};
inline constexpr std::size_t DTypeCount = 21;

// Ordered: a higher category wins in promotion.
enum class Category : std::uint8_t { Bool, Integer, Float, Complex };

struct DTypeInfo {
  std::string_view name;
  Category category;
  std::uint8_t size_bytes;
  bool is_signed;
};

inline constexpr std::array<DTypeInfo, DTypeCount> dtype_table = {{
    {"bool", Category::Bool, 1, false},       {"u8", Category::Integer, 1, false},
    {"i8", Category::Integer, 1, true},       {"i16", Category::Integer, 2, true},
    {"i32", Category::Integer, 4, true},      {"i64", Category::Integer, 8, true},
    {"u16", Category::Integer, 2, false},     {"u32", Category::Integer, 4, false},
    {"u64", Category::Integer, 8, false},     {"f16", Category::Float, 2, true},
    {"bf16", Category::Float, 2, true},       {"f32", Category::Float, 4, true},
    {"f64", Category::Float, 8, true},        {"c32", Category::Complex, 4, true},
    {"c64", Category::Complex, 8, true},      {"c128", Category::Complex, 16, true},
    {"f8e4m3fn", Category::Float, 1, true},   {"f8e5m2", Category::Float, 1, true},
    {"f8e4m3fnuz", Category::Float, 1, true}, {"f8e5m2fnuz", Category::Float, 1, true},
    {"f8e8m0fnu", Category::Float, 1, false},
}};

constexpr const DTypeInfo& info(DType t) { return dtype_table[static_cast<std::size_t>(t)]; }
constexpr std::string_view name(DType t) { return info(t).name; }
constexpr std::size_t size_bytes(DType t) { return info(t).size_bytes; }
constexpr Category category(DType t) { return info(t).category; }
constexpr bool is_bool(DType t) { return category(t) == Category::Bool; }
constexpr bool is_integer(DType t) { return category(t) == Category::Integer; }
constexpr bool is_integral(DType t) { return is_bool(t) || is_integer(t); }
constexpr bool is_float(DType t) { return category(t) == Category::Float; }
constexpr bool is_float8(DType t) { return is_float(t) && size_bytes(t) == 1; }
constexpr bool is_complex(DType t) { return category(t) == Category::Complex; }
constexpr bool is_signed(DType t) { return info(t).is_signed; }

// The part type of a complex type; any other type itself.
constexpr DType real_of(DType t) {
  switch (t) {
    case DType::C32:
      return DType::F16;
    case DType::C64:
      return DType::F32;
    case DType::C128:
      return DType::F64;
    default:
      return t;
  }
}

// The complex type that holds a float type: f16 -> c32, bf16 and f32 -> c64, f64 -> c128; any other type itself (float8
// has none).
constexpr DType complex_of(DType t) {
  switch (t) {
    case DType::F16:
      return DType::C32;
    case DType::BF16:
    case DType::F32:
      return DType::C64;
    case DType::F64:
      return DType::C128;
    default:
      return t;
  }
}

// The type that arithmetic on t computes in: f32 for f16, bf16 and float8, c64 for c32, else t.
constexpr DType opmath_of(DType t) {
  if (is_float8(t)) return DType::F32;
  switch (t) {
    case DType::F16:
    case DType::BF16:
      return DType::F32;
    case DType::C32:
      return DType::C64;
    default:
      return t;
  }
}

// Whether NaN becomes 0 in every integer type, as in ATen on the CPU: c10 widens the NaN of these to a constant, which
// compilers convert to 0.
constexpr bool nan_becomes_zero(DType t) {
  return t == DType::F8E4M3FNUZ || t == DType::F8E5M2FNUZ || t == DType::F8E8M0FNU;
}

constexpr std::optional<DType> parse_dtype(std::string_view text) {
  for (std::size_t i = 0; i < DTypeCount; ++i)
    if (dtype_table[i].name == text) return static_cast<DType>(i);
  return std::nullopt;
}

}  // namespace gems
