// Numbers as kernel parameters: exact conversions to every compute dtype.
#include "space/pack_number.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

using namespace gems;

namespace {

template <class T>
T packed(const NumberValue& number, DType dtype) {
  alignas(16) std::array<std::byte, MaxNumberBytes> bytes;
  bytes.fill(std::byte{0xee});
  pack_number(number, dtype, bytes.data());
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  // Nothing behind the value is touched.
  for (std::size_t i = size_bytes(dtype); i < bytes.size(); ++i) REQUIRE(bytes[i] == std::byte{0xee});
  return value;
}

NumberValue integer(std::int64_t value) { return {.dtype = DType::I64, .integer = value, .value = {}}; }
NumberValue real(double value) { return {.dtype = DType::F64, .integer = 0, .value = value}; }

}  // namespace

TEST_CASE("integers keep their value or wrap") {
  CHECK(packed<std::int64_t>(integer(std::numeric_limits<std::int64_t>::min()), DType::I64) ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(packed<std::uint8_t>(integer(300), DType::U8) == 44);
  CHECK(packed<std::int8_t>(integer(200), DType::I8) == -56);
  CHECK(packed<std::int16_t>(integer(-1), DType::I16) == -1);
  CHECK(packed<std::uint64_t>(integer(-1), DType::U64) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("integers become the nearest float") {
  CHECK(packed<float>(integer(16777217), DType::F32) == 16777216.0f);
  CHECK(packed<double>(integer((std::int64_t{1} << 53) + 1), DType::F64) == 9007199254740992.0);
  CHECK(packed<std::uint16_t>(integer(1), DType::F16) == 0x3c00);
  CHECK(packed<std::uint16_t>(integer(257), DType::BF16) == 0x4380);
}

TEST_CASE("a u64 is not negative") {
  const NumberValue largest{.dtype = DType::U64, .integer = -1, .value = {}};
  CHECK(packed<double>(largest, DType::F64) == 18446744073709551616.0);
  CHECK(packed<float>(largest, DType::F32) == 18446744073709551616.0f);
  CHECK(packed<std::uint64_t>(largest, DType::U64) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("floats round once, to nearest even") {
  CHECK(packed<float>(real(0.1), DType::F32) == 0.1f);
  CHECK(std::isinf(packed<float>(real(1e300), DType::F32)));
  // Just above the middle between two f16 numbers; rounding to f32 first would land on the middle and go down.
  const double above_middle = 1.0 + std::ldexp(1.0, -11) + std::ldexp(1.0, -40);
  CHECK(packed<std::uint16_t>(real(above_middle), DType::F16) == 0x3c01);
  CHECK(packed<std::uint16_t>(real(1.0 + std::ldexp(1.0, -8)), DType::BF16) == 0x3f80);
  CHECK(packed<std::int32_t>(real(-2.9), DType::I32) == -2);
}

TEST_CASE("bool is one byte of 0 or 1") {
  CHECK(packed<std::uint8_t>(integer(256), DType::Bool) == 1);
  CHECK(packed<std::uint8_t>(real(0.0), DType::Bool) == 0);
  CHECK(packed<std::uint8_t>(real(std::nan("")), DType::Bool) == 1);
  CHECK(packed<float>({.dtype = DType::Bool, .integer = 1, .value = {}}, DType::F32) == 1.0f);
}

TEST_CASE("complex numbers keep both parts") {
  const NumberValue number{.dtype = DType::C128, .integer = 0, .value = {1.5, -2.25}};
  CHECK(packed<std::complex<float>>(number, DType::C64) == std::complex<float>(1.5f, -2.25f));
  CHECK(packed<std::complex<double>>(number, DType::C128) == std::complex<double>(1.5, -2.25));
  CHECK(packed<std::complex<float>>(real(3), DType::C64) == std::complex<float>(3, 0));
}
