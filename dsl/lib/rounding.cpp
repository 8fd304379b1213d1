// The arithmetic of rounding.h.
#include "rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gems {
namespace {

// What the largest exponent field and the bits of -0 stand for.
enum class Specials : std::uint8_t {
  Ieee,          // infinities and NaNs
  AllOnesNan,    // numbers, but for all ones: NaN
  MinusZeroNan,  // numbers; -0 is NaN
};

struct Format {
  int fraction_bits;
  int exponent_bits;
  int bias;
  Specials specials = Specials::Ieee;

  constexpr int min_exponent() const { return 1 - bias; }
  constexpr int sign_bit() const { return 1 << (fraction_bits + exponent_bits); }
  constexpr int infinity() const { return sign_bit() - (1 << fraction_bits); }  // of Ieee
  constexpr int nan() const {
    switch (specials) {
      case Specials::Ieee:
        // c10 gives a float of two bytes a quiet NaN, f8e5m2 all ones.
        return fraction_bits > 2 ? infinity() | 1 << (fraction_bits - 1) : sign_bit() - 1;
      case Specials::AllOnesNan:
        return sign_bit() - 1;
      case Specials::MinusZeroNan:
        break;
    }
    return sign_bit();
  }
  constexpr int largest() const {
    switch (specials) {
      case Specials::Ieee:
        return infinity() - 1;
      case Specials::AllOnesNan:
        return sign_bit() - 2;
      case Specials::MinusZeroNan:
        break;
    }
    return sign_bit() - 1;
  }
};

constexpr Format format_of(DType dtype) {
  switch (dtype) {
    case DType::F16:
      return {10, 5, 15};
    case DType::F8E4M3FN:
      return {3, 4, 7, Specials::AllOnesNan};
    case DType::F8E5M2:
      return {2, 5, 15};
    case DType::F8E4M3FNUZ:
      return {3, 4, 8, Specials::MinusZeroNan};
    case DType::F8E5M2FNUZ:
      return {2, 5, 16, Specials::MinusZeroNan};
    default:
      return {7, 8, 127};  // bf16
  }
}

double magnitude_of(Format format, int bits) {
  const int field = bits >> format.fraction_bits;
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  const int significand = field == 0 ? fraction : fraction | 1 << format.fraction_bits;
  return std::ldexp(significand, std::max(field, 1) - format.bias - format.fraction_bits);
}

double round_to_format(Format format, long double x) {
  if (std::isnan(x)) return static_cast<double>(x);
  const bool is_negative = std::signbit(x);
  const auto signed_like_x = [&](double value) { return is_negative ? -value : value; };
  long double rounded = std::abs(x);
  if (rounded != 0 && std::isfinite(x)) {
    const int exponent = std::max(std::ilogb(x), format.min_exponent());
    const int last_place = exponent - format.fraction_bits;
    // Scaling by a power of two is exact here; nearbyint rounds half to even.
    rounded = std::ldexp(std::nearbyint(std::ldexp(rounded, -last_place)), last_place);
  }
  if (rounded > magnitude_of(format, format.largest()))
    return signed_like_x(format.specials == Specials::Ieee ? std::numeric_limits<double>::infinity()
                                                           : std::numeric_limits<double>::quiet_NaN());
  if (rounded == 0 && format.specials == Specials::MinusZeroNan) return 0;
  return signed_like_x(static_cast<double>(rounded));
}

// f8e8m0fnu as c10 has it: the exponent of the f32, one more from the middle of two powers on, the sign dropped. Below
// the smallest normal f32 the middle itself stays down; nothing is smaller than 2^-127.
double round_to_power(long double x) {
  const auto magnitude = static_cast<double>(std::abs(static_cast<float>(x)));
  if (!std::isfinite(magnitude)) return std::numeric_limits<double>::quiet_NaN();
  if (magnitude < 0x1p-126) return magnitude > 0x1p-127 ? 0x1p-126 : 0x1p-127;
  const int exponent = std::ilogb(magnitude);
  const double power = std::ldexp(1.0, magnitude >= std::ldexp(1.5, exponent) ? exponent + 1 : exponent);
  return power > 0x1p127 ? std::numeric_limits<double>::quiet_NaN() : power;
}

}  // namespace

double round_to(DType to, long double x) {
  switch (to) {
    case DType::F32:
      return static_cast<float>(x);
    case DType::F64:
      return static_cast<double>(x);
    case DType::F8E8M0FNU:
      return round_to_power(x);
    default:
      return round_to_format(format_of(to), x);
  }
}

std::uint16_t encode(DType dtype, double value) {
  if (dtype == DType::F8E8M0FNU) return static_cast<std::uint16_t>(std::isnan(value) ? 255 : std::ilogb(value) + 127);
  const Format format = format_of(dtype);
  const int sign = std::signbit(value) ? format.sign_bit() : 0;
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | format.nan());
  if (std::isinf(value)) return static_cast<std::uint16_t>(sign | format.infinity());
  const double magnitude = std::abs(value);
  if (magnitude == 0) return static_cast<std::uint16_t>(sign);
  const int exponent = std::max(std::ilogb(magnitude), format.min_exponent());
  // The implicit leading bit, where there is one, adds 1 to the exponent field.
  const auto significand = static_cast<int>(std::ldexp(magnitude, format.fraction_bits - exponent));
  const int field = (exponent - format.min_exponent()) << format.fraction_bits;
  return static_cast<std::uint16_t>(sign | (field + significand));
}

double decode(DType dtype, std::uint16_t bits) {
  constexpr double NotANumber = std::numeric_limits<double>::quiet_NaN();
  if (dtype == DType::F8E8M0FNU) return bits == 255 ? NotANumber : std::ldexp(1.0, bits - 127);
  const Format format = format_of(dtype);
  if (format.specials == Specials::MinusZeroNan && bits == format.nan()) return NotANumber;
  const double sign = (bits & format.sign_bit()) != 0 ? -1 : 1;
  const int magnitude = bits & (format.sign_bit() - 1);
  if (magnitude <= format.largest()) return sign * magnitude_of(format, magnitude);
  const bool is_infinite = format.specials == Specials::Ieee && magnitude == format.infinity();
  return std::copysign(is_infinite ? std::numeric_limits<double>::infinity() : NotANumber, sign);
}

}  // namespace gems
