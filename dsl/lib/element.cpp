// Elements in memory, and conversions between dtypes.
#include "gems/dsl/element.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "integers.h"
#include "rounding.h"

namespace gems {
namespace {

template <class T>
T read(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void write(void* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

double read_float(const void* from, DType dtype) {
  switch (dtype) {
    case DType::F32:
      return read<float>(from);
    case DType::F64:
      return read<double>(from);
    default:
      return decode(dtype, is_float8(dtype) ? read<std::uint8_t>(from) : read<std::uint16_t>(from));
  }
}

void write_float(void* to, DType dtype, double value) {
  switch (dtype) {
    case DType::F32:
      return write(to, static_cast<float>(value));
    case DType::F64:
      return write(to, value);
    default:
      if (is_float8(dtype)) return write(to, static_cast<std::uint8_t>(encode(dtype, value)));
      return write(to, encode(dtype, value));
  }
}

constexpr double TwoTo63 = 9223372036854775808.0;

// x86's cvttsd2si with a 64-bit and a 32-bit register: the lowest integer for what does not fit, NaN included.
std::int64_t truncate64(double x) {
  return x >= -TwoTo63 && x < TwoTo63 ? static_cast<std::int64_t>(x) : std::numeric_limits<std::int64_t>::min();
}
std::int64_t truncate32(double x) {
  return x > -2147483649.0 && x < 2147483648.0 ? static_cast<std::int64_t>(x)
                                               : std::numeric_limits<std::int32_t>::min();
}

std::int64_t float_to_integer(double x, DType to) {
  switch (to) {
    case DType::I8:
    case DType::I16:
    case DType::I32:
    case DType::U16:
      return wrap(to, static_cast<std::uint64_t>(truncate32(x)));
    case DType::U64:
      if (x >= TwoTo63) return truncate64(x - TwoTo63) ^ std::numeric_limits<std::int64_t>::min();
      return truncate64(x);
    default:
      return wrap(to, static_cast<std::uint64_t>(truncate64(x)));
  }
}

long double integer_as_real(const Element& element) {
  if (is_signed(element.dtype)) return static_cast<long double>(element.integer);
  return static_cast<long double>(static_cast<std::uint64_t>(element.integer));
}

}  // namespace

Element load_element(const void* from, DType dtype) {
  Element element{.dtype = dtype};
  switch (category(dtype)) {
    case Category::Bool:
      element.integer = read<std::uint8_t>(from) != 0;
      break;
    case Category::Integer: {
      std::uint64_t bits = 0;
      std::memcpy(&bits, from, size_bytes(dtype));
      element.integer = wrap(dtype, bits);
      break;
    }
    case Category::Float:
      element.value = read_float(from, dtype);
      break;
    case Category::Complex: {
      const DType part = real_of(dtype);
      const auto* imag = static_cast<const std::byte*>(from) + size_bytes(part);
      element.value = {read_float(from, part), read_float(imag, part)};
      break;
    }
  }
  return element;
}

void store_element(const Element& element, void* to) {
  switch (category(element.dtype)) {
    case Category::Bool:
      write(to, static_cast<std::uint8_t>(element.integer != 0));
      break;
    case Category::Integer:
      std::memcpy(to, &element.integer, size_bytes(element.dtype));
      break;
    case Category::Float:
      write_float(to, element.dtype, element.value.real());
      break;
    case Category::Complex: {
      const DType part = real_of(element.dtype);
      write_float(to, part, element.value.real());
      write_float(static_cast<std::byte*>(to) + size_bytes(part), part, element.value.imag());
      break;
    }
  }
}

Element cast_element(const Element& element, DType to) {
  if (element.dtype == to) return element;
  const bool from_integral = is_integral(element.dtype);
  Element result{.dtype = to};
  switch (category(to)) {
    case Category::Bool:
      result.integer = from_integral ? element.integer != 0 : element.value.real() != 0 || element.value.imag() != 0;
      break;
    case Category::Integer:
      if (from_integral)
        result.integer = wrap(to, static_cast<std::uint64_t>(element.integer));
      else if (!nan_becomes_zero(element.dtype) || !std::isnan(element.value.real()))
        result.integer = float_to_integer(element.value.real(), to);
      break;
    case Category::Float:
      result.value = round_to(to, from_integral ? integer_as_real(element) : element.value.real());
      break;
    case Category::Complex: {
      const DType part = real_of(to);
      result.value = {round_to(part, from_integral ? integer_as_real(element) : element.value.real()),
                      from_integral ? 0 : round_to(part, element.value.imag())};
      break;
    }
  }
  return result;
}

Element bit_cast_element(const Element& element, DType to) {
  std::array<std::byte, sizeof(std::int64_t)> bytes{};
  store_element(element, bytes.data());
  return load_element(bytes.data(), to);
}

}  // namespace gems
