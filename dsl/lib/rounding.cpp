// The arithmetic of rounding.h.
#include "rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gems {
namespace {

struct Format {
  int fraction_bits;
  int exponent_bits;

  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr int min_exponent() const { return 1 - bias(); }
  constexpr std::uint16_t infinity() const {
    return static_cast<std::uint16_t>(((1 << exponent_bits) - 1) << fraction_bits);
  }
};

constexpr Format format_of(DType dtype) { return dtype == DType::F16 ? Format{10, 5} : Format{7, 8}; }

double round_to_format(Format format, long double x) {
  if (x == 0 || !std::isfinite(x)) return static_cast<double>(x);
  const int exponent = std::max(std::ilogb(x), format.min_exponent());
  const int last_place = exponent - format.fraction_bits;
  // Scaling by a power of two is exact here; nearbyint rounds half to even.
  const long double rounded = std::ldexp(std::nearbyint(std::ldexp(x, -last_place)), last_place);
  const long double limit = std::ldexp(1.0L, format.bias() + 1);
  if (std::abs(rounded) >= limit) return std::copysign(std::numeric_limits<double>::infinity(), static_cast<double>(x));
  return static_cast<double>(rounded);
}

}  // namespace

double round_to(DType to, long double x) {
  switch (to) {
    case DType::F16:
    case DType::BF16:
      return round_to_format(format_of(to), x);
    case DType::F32:
      return static_cast<float>(x);
    default:
      return static_cast<double>(x);
  }
}

std::uint16_t encode16(DType dtype, double value) {
  const Format format = format_of(dtype);
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | format.infinity() | 1 << (format.fraction_bits - 1));
  if (std::isinf(value)) return static_cast<std::uint16_t>(sign | format.infinity());
  const double magnitude = std::abs(value);
  if (magnitude == 0) return sign;
  const int exponent = std::max(std::ilogb(magnitude), format.min_exponent());
  // The implicit leading bit, where there is one, adds 1 to the exponent field.
  const auto significand = static_cast<std::uint32_t>(std::ldexp(magnitude, format.fraction_bits - exponent));
  const auto field = static_cast<std::uint32_t>(exponent - format.min_exponent()) << format.fraction_bits;
  return static_cast<std::uint16_t>(sign | (field + significand));
}

double decode16(DType dtype, std::uint16_t bits) {
  const Format format = format_of(dtype);
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const std::uint16_t magnitude = bits & 0x7fff;
  if (magnitude > format.infinity()) return std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  if (magnitude == format.infinity()) return sign * std::numeric_limits<double>::infinity();
  const int field = magnitude >> format.fraction_bits;
  const int fraction = magnitude & ((1 << format.fraction_bits) - 1);
  const int significand = field == 0 ? fraction : fraction | 1 << format.fraction_bits;
  const int exponent = std::max(field, 1) - format.bias();
  return sign * std::ldexp(significand, exponent - format.fraction_bits);
}

}  // namespace gems
