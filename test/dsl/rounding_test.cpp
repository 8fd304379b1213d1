// Conversions between dtypes and the layout of elements in memory: every two-byte float, and every boundary that has
// a name.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <catch2/catch_test_macros.hpp>

#include "elements.h"
#include "gems/dsl/interpreter.h"

namespace gems {
namespace {

using enum DType;
using test::integer;
using test::real;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double from_bits(DType dtype, std::uint16_t bits) { return load_element(&bits, dtype).value.real(); }
std::uint16_t to_bits(DType dtype, double value) {
  std::uint16_t bits = 0;
  store_element(real(dtype, value), &bits);
  return bits;
}
double rounded(DType to, double value) { return cast_element(real(F64, value), to).value.real(); }

TEST_CASE("known two-byte floats have their known bits") {
  CHECK(to_bits(F16, 1) == 0x3c00);
  CHECK(to_bits(F16, -2) == 0xc000);
  CHECK(to_bits(F16, 65504) == 0x7bff);
  CHECK(to_bits(F16, 0x1p-14) == 0x0400);
  CHECK(to_bits(F16, 0x1p-24) == 0x0001);
  CHECK(to_bits(F16, inf) == 0x7c00);
  CHECK(to_bits(F16, -0.0) == 0x8000);
  CHECK(to_bits(BF16, 1) == 0x3f80);
  CHECK(to_bits(BF16, -2) == 0xc000);
  CHECK(to_bits(BF16, 0x1p-126) == 0x0080);
  CHECK(to_bits(BF16, 0x1p-133) == 0x0001);
  CHECK(to_bits(BF16, inf) == 0x7f80);
  CHECK(std::isnan(from_bits(F16, to_bits(F16, nan))));
  CHECK(std::isnan(from_bits(BF16, to_bits(BF16, nan))));
}

TEST_CASE("every two-byte float survives a load and a store") {
  int changed = 0;
  for (const DType dtype : {F16, BF16})
    for (int bits = 0; bits < 0x10000; ++bits) {
      const double value = from_bits(dtype, static_cast<std::uint16_t>(bits));
      if (!std::isnan(value)) changed += to_bits(dtype, value) != bits;
      // A bf16 is the upper half of a float.
      const auto widened = static_cast<std::uint32_t>(bits) << 16;
      float expected = 0;
      std::memcpy(&expected, &widened, 4);
      if (dtype == BF16 && !std::isnan(value)) changed += value != expected;
    }
  CHECK(changed == 0);
}

TEST_CASE("rounding to a two-byte float takes the nearest, and of two nearest the even one") {
  int wrong = 0;
  for (const DType dtype : {F16, BF16}) {
    const int infinity = to_bits(dtype, inf);
    for (int bits = 0; bits < infinity - 1; ++bits) {
      const double low = from_bits(dtype, static_cast<std::uint16_t>(bits));
      const double high = from_bits(dtype, static_cast<std::uint16_t>(bits + 1));
      const double middle = low + (high - low) / 2;
      const double even = bits % 2 == 0 ? low : high;
      wrong += rounded(dtype, middle) != even;
      wrong += rounded(dtype, -middle) != -even;
      wrong += rounded(dtype, std::nextafter(middle, low)) != low;
      wrong += rounded(dtype, std::nextafter(middle, high)) != high;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("what is beyond the last finite value by half a step becomes infinite") {
  CHECK(rounded(F16, 65519.99) == 65504);
  CHECK(rounded(F16, 65520) == inf);
  CHECK(rounded(F16, -65520) == -inf);
  CHECK(rounded(BF16, 0x1.fefp127) == 0x1.fep127);
  CHECK(rounded(BF16, 0x1.ffp127) == inf);
  CHECK(rounded(F32, 0x1.fffffefp127) == 0x1.fffffep127);
  CHECK(rounded(F32, 0x1.ffffffp127) == inf);
}

std::uint8_t to_byte(DType dtype, double value) {
  std::uint8_t bits = 0;
  store_element(cast_element(real(F64, value), dtype), &bits);
  return bits;
}
double from_byte(DType dtype, std::uint8_t bits) { return load_element(&bits, dtype).value.real(); }

constexpr std::array float8{F8E4M3FN, F8E5M2, F8E4M3FNUZ, F8E5M2FNUZ};

TEST_CASE("known floats of eight bits have their known bits") {
  CHECK(to_byte(F8E4M3FN, 1) == 0x38);
  CHECK(to_byte(F8E4M3FN, -448) == 0xfe);
  CHECK(to_byte(F8E4M3FN, 0x1p-9) == 0x01);
  CHECK(to_byte(F8E4M3FN, -0.0) == 0x80);
  CHECK(to_byte(F8E5M2, 1) == 0x3c);
  CHECK(to_byte(F8E5M2, 57344) == 0x7b);
  CHECK(to_byte(F8E5M2, -inf) == 0xfc);
  CHECK(to_byte(F8E4M3FNUZ, 1) == 0x40);
  CHECK(to_byte(F8E4M3FNUZ, 240) == 0x7f);
  CHECK(to_byte(F8E4M3FNUZ, -0.0) == 0);
  CHECK(to_byte(F8E5M2FNUZ, 1) == 0x40);
  CHECK(to_byte(F8E5M2FNUZ, 57344) == 0x7f);
  CHECK(to_byte(F8E8M0FNU, 1) == 127);
  CHECK(to_byte(F8E8M0FNU, -4) == 129);
}

TEST_CASE("every float of eight bits survives a load and a store") {
  for (const DType dtype : {F8E4M3FN, F8E5M2, F8E4M3FNUZ, F8E5M2FNUZ, F8E8M0FNU})
    for (int bits = 0; bits < 256; ++bits) {
      const double value = from_byte(dtype, static_cast<std::uint8_t>(bits));
      CAPTURE(name(dtype), bits, value);
      if (!std::isnan(value)) CHECK(to_byte(dtype, value) == bits);
    }
}

TEST_CASE("rounding to a float of eight bits takes the nearest, and of two nearest the even one") {
  for (const DType dtype : float8)
    for (int bits = 0; bits + 1 < 0x7f; ++bits) {
      const double low = from_byte(dtype, static_cast<std::uint8_t>(bits));
      const double high = from_byte(dtype, static_cast<std::uint8_t>(bits + 1));
      if (!std::isfinite(high)) break;
      const double middle = low + (high - low) / 2;
      const double even = bits % 2 == 0 ? low : high;
      CAPTURE(name(dtype), bits);
      CHECK(rounded(dtype, middle) == even);
      CHECK(rounded(dtype, -middle) == -even);
      CHECK(rounded(dtype, std::nextafter(middle, low)) == low);
      CHECK(rounded(dtype, std::nextafter(middle, high)) == high);
    }
}

TEST_CASE("what a float of eight bits cannot hold is infinite where there is infinity, else NaN") {
  CHECK(rounded(F8E4M3FN, 464) == 448);
  CHECK(to_byte(F8E4M3FN, 464.01) == 0x7f);
  CHECK(to_byte(F8E4M3FN, -inf) == 0xff);
  CHECK(rounded(F8E5M2, 61439) == 57344);
  CHECK(rounded(F8E5M2, 61440) == inf);
  CHECK(rounded(F8E4M3FNUZ, 247) == 240);
  CHECK(to_byte(F8E4M3FNUZ, 248) == 0x80);
  CHECK(to_byte(F8E4M3FNUZ, -inf) == 0x80);
  CHECK(rounded(F8E5M2FNUZ, -61439) == -57344);
  CHECK(to_byte(F8E5M2FNUZ, inf) == 0x80);
  for (const DType dtype : float8) CHECK(std::isnan(rounded(dtype, nan)));
}

TEST_CASE("f8e8m0fnu is the power of two at or above the middle, whatever the sign") {
  CHECK(rounded(F8E8M0FNU, 1.49) == 1);
  CHECK(rounded(F8E8M0FNU, 1.5) == 2);
  CHECK(rounded(F8E8M0FNU, -3) == 4);
  CHECK(rounded(F8E8M0FNU, 0) == 0x1p-127);
  CHECK(rounded(F8E8M0FNU, 0x1p-127) == 0x1p-127);
  CHECK(rounded(F8E8M0FNU, 0x1.01p-127) == 0x1p-126);
  CHECK(rounded(F8E8M0FNU, 0x1.7p127) == 0x1p127);
  CHECK(to_byte(F8E8M0FNU, 0x1.8p127) == 0xff);
  CHECK(to_byte(F8E8M0FNU, inf) == 0xff);
}

TEST_CASE("denormals and signed zeros are kept") {
  CHECK(rounded(F16, 0x1p-25) == 0);
  CHECK(rounded(F16, 0x1.8p-25) == 0x1p-24);
  CHECK(std::signbit(rounded(F16, -0x1p-26)));
  CHECK(rounded(BF16, 0x1.8p-133) == 0x1p-132);
  CHECK(rounded(F32, 0x1.8p-149) == 0x1p-148);
  CHECK(std::signbit(rounded(BF16, -0.0)));
}

TEST_CASE("a f64 is rounded once, not by way of f32") {
  // f32 would round this to the middle between two f16 values, which then goes to the even, lower one.
  const double above_middle = 1 + 0x1p-11 + 0x1p-40;
  CHECK(rounded(F16, above_middle) == 1 + 0x1p-10);
  CHECK(rounded(F16, static_cast<float>(above_middle)) == 1);
}

TEST_CASE("an integer is rounded once, not by way of f64") {
  const std::int64_t above_middle = (std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1;
  CHECK(cast_element(integer(I64, above_middle), F32).value.real() == 0x1p60 + 0x1p37);
  CHECK(cast_element(integer(I64, above_middle - 1), F32).value.real() == 0x1p60);
  CHECK(cast_element(integer(U64, -1), F64).value.real() == 0x1p64);
  CHECK(cast_element(integer(I64, -1), F64).value.real() == -1);
  CHECK(cast_element(integer(U64, -1), F16).value.real() == inf);
}

std::int64_t truncated(DType to, double value) { return cast_element(real(F64, value), to).integer; }

// The values that ATen's CPU build gives on x86.
TEST_CASE("floats become integers as in ATen") {
  constexpr std::int64_t min64 = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t min32 = std::numeric_limits<std::int32_t>::min();
  const std::array values{nan,   inf,   -inf, 3e9,     -3e9,    2147500000.0, 1e20,
                          -1e20, 300.7, -1.9, 70000.0, 40000.0, 5000070000.0};
  struct Row {
    DType to;
    std::array<std::int64_t, 13> expected;
  };
  const std::array rows{
      Row{I64,
          {min64, min64, min64, 3000000000, -3000000000, 2147500000, min64, min64, 300, -1, 70000, 40000, 5000070000}},
      Row{I32, {min32, min32, min32, min32, min32, min32, min32, min32, 300, -1, 70000, 40000, min32}},
      Row{I16, {0, 0, 0, 0, 0, 0, 0, 0, 300, -1, 4464, -25536, 0}},
      Row{I8, {0, 0, 0, 0, 0, 0, 0, 0, 44, -1, 112, 64, 0}},
      Row{U8, {0, 0, 0, 0, 0, 224, 0, 0, 44, 255, 112, 64, 112}},
      Row{U16, {0, 0, 0, 0, 0, 0, 0, 0, 300, 65535, 4464, 40000, 0}},
      Row{U64, {min64, 0, min64, 3000000000, -3000000000, 2147500000, 0, min64, 300, -1, 70000, 40000, 5000070000}},
  };
  for (const Row& row : rows)
    for (std::size_t i = 0; i < values.size(); ++i) {
      CAPTURE(name(row.to), values[i]);
      CHECK(truncated(row.to, values[i]) == row.expected[i]);
    }
  CHECK(truncated(I32, 2147483647.5) == 2147483647);
  CHECK(truncated(I32, -2147483648.5) == min32);
  CHECK(truncated(U32, 4294967295.0) == 4294967295);
  CHECK(truncated(U64, 0x1p63) == min64);
}

TEST_CASE("integers wrap into narrower ones and extend by their own sign") {
  CHECK(cast_element(integer(I32, 300), U8).integer == 44);
  CHECK(cast_element(integer(I32, 200), I8).integer == -56);
  CHECK(cast_element(integer(I8, -1), U32).integer == 4294967295);
  CHECK(cast_element(integer(U8, 255), I16).integer == 255);
  CHECK(cast_element(integer(I64, -1), U64).integer == -1);
}

TEST_CASE("anything but zero is true, NaN included") {
  CHECK(cast_element(real(F32, nan), Bool).integer == 1);
  CHECK(cast_element(real(F32, -0.0), Bool).integer == 0);
  CHECK(cast_element(real(F16, 0x1p-24), Bool).integer == 1);
  CHECK(cast_element(real(C64, {0, 1}), Bool).integer == 1);
  CHECK(cast_element(integer(I8, -3), Bool).integer == 1);
  CHECK(cast_element(test::truth(true), F16).value.real() == 1);
}

TEST_CASE("complex numbers drop and gain their imaginary part") {
  CHECK(cast_element(real(C128, {1.5, 2}), F32).value == std::complex<double>(1.5, 0));
  CHECK(cast_element(real(C64, {300.7, 2}), I16).integer == 300);
  CHECK(cast_element(integer(I64, 3), C64).value == std::complex<double>(3, 0));
  CHECK(cast_element(real(C128, {1 + 0x1p-11, 70000}), C32).value == std::complex<double>(1, inf));
}

TEST_CASE("elements have the bit layout of their dtype") {
  const std::array<unsigned char, 16> bytes{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0x00, 0x3c, 0x00, 0xc0, 0x00, 0x00, 0x80, 0x3f};
  CHECK(load_element(bytes.data(), U8).integer == 254);
  CHECK(load_element(bytes.data(), I8).integer == -2);
  CHECK(load_element(bytes.data(), U16).integer == 65534);
  CHECK(load_element(bytes.data(), I16).integer == -2);
  CHECK(load_element(bytes.data(), U32).integer == 4294967294);
  CHECK(load_element(bytes.data(), I64).integer == -2);
  CHECK(load_element(bytes.data(), Bool).integer == 1);
  CHECK(load_element(bytes.data() + 8, C32).value == std::complex<double>(1, -2));
  CHECK(load_element(bytes.data() + 12, F32).value.real() == 1);
  for (std::size_t i = 0; i < DTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    CAPTURE(name(dtype));
    const Element element = cast_element(real(C128, {1, is_complex(dtype) ? -3.0 : 0.0}), dtype);
    std::array<unsigned char, 17> memory{};
    store_element(element, memory.data());
    CHECK(load_element(memory.data(), dtype).integer == element.integer);
    CHECK(load_element(memory.data(), dtype).value == element.value);
    for (std::size_t at = size_bytes(dtype); at < memory.size(); ++at) CHECK(memory[at] == 0);
  }
}

}  // namespace
}  // namespace gems
