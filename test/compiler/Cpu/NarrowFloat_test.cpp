// Conversions of narrow floats, exhaustively and around every tie, and of floats to integers where they do not fit.
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "Pipeline/CompileCpu.h"
#include "gems/dsl/interpreter.h"
#include "kernels.h"
#include "targets.h"

namespace gems::test {
namespace {

template <class To, class From>
std::vector<To> converted(const std::vector<From>& from, DType from_dtype, DType to_dtype, const cpu::Target& target) {
  const TraceGraph graph = conversion(from_dtype, to_dtype);
  const CpuKernel kernel = load_cpu(cpu::compile(graph, contiguous(graph), target));
  std::vector<To> to(from.size());
  char* const data[] = {reinterpret_cast<char*>(const_cast<From*>(from.data())), reinterpret_cast<char*>(to.data())};
  kernel(data, nullptr, nullptr, static_cast<std::int64_t>(from.size()));
  return to;
}

bool is_nan16(DType dtype, std::uint16_t bits) { return (bits & 0x7fff) > (dtype == DType::F16 ? 0x7c00 : 0x7f80); }

constexpr DType float8[] = {DType::F8E4M3FN, DType::F8E5M2, DType::F8E4M3FNUZ, DType::F8E5M2FNUZ, DType::F8E8M0FNU};

}  // namespace

TEST_CASE("all f16 and bf16 values become the f32 they are") {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  for (const cpu::Target& target : {cpu::hostTarget(), narrow_target()})
    for (const DType dtype : {DType::F16, DType::BF16}) {
      const std::vector<float> got = converted<float>(all, dtype, DType::F32, target);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        const auto want = dtype == DType::F16 ? static_cast<float>(std::bit_cast<_Float16>(all[i]))
                                              : std::bit_cast<float>(static_cast<std::uint32_t>(i) << 16);
        wrong += std::isnan(want) ? !std::isnan(got[i])
                                  : std::bit_cast<std::uint32_t>(want) != std::bit_cast<std::uint32_t>(got[i]);
      }
      CHECK(wrong == 0);
    }
}

TEST_CASE("f32 becomes f16 and bf16 by rounding to nearest even") {
  for (const DType dtype : {DType::F16, DType::BF16}) {
    // Each value of the narrow type, the point halfway to the next one, and the neighbours of both.
    std::vector<float> from;
    for (std::uint32_t i = 0; i < 65536; ++i) {
      const auto here = static_cast<std::uint16_t>(i), next = static_cast<std::uint16_t>(i + 1);
      const float a = static_cast<float>(load_element(&here, dtype).value.real());
      const float b = static_cast<float>(load_element(&next, dtype).value.real());
      const float overflow = dtype == DType::F16 ? 65520.0F : std::numeric_limits<float>::infinity();
      for (const float centre : {a, std::isinf(b) ? std::copysign(overflow, a) : a + (b - a) / 2})
        for (const float x : {centre, std::nextafter(centre, -INFINITY), std::nextafter(centre, INFINITY)})
          from.push_back(x);
    }
    for (const cpu::Target& target : {cpu::hostTarget(), narrow_target()}) {
      const std::vector<std::uint16_t> got = converted<std::uint16_t>(from, DType::F32, dtype, target);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < from.size(); ++i) {
        std::uint16_t want = 0;
        store_element(cast_element({.dtype = DType::F32, .value = from[i]}, dtype), &want);
        wrong += std::isnan(from[i]) ? !is_nan16(dtype, got[i]) : got[i] != want;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("all float8 values become the f32 they are") {
  std::vector<std::uint8_t> all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  for (const DType dtype : float8) {
    const std::vector<float> got = converted<float>(all, dtype, DType::F32, cpu::hostTarget());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double want = load_element(&all[i], dtype).value.real();
      CAPTURE(name(dtype), i, got[i], want);
      CHECK((std::isnan(want) ? std::isnan(got[i]) : got[i] == want && std::signbit(got[i]) == std::signbit(want)));
    }
  }
}

TEST_CASE("f32 becomes float8 as the interpreter rounds it") {
  // Every f32 with 12 significant bits: all values of the types, the points between them, and what lies beside those.
  std::vector<float> from(std::size_t{1} << 20);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = std::bit_cast<float>(static_cast<std::uint32_t>(i << 12));
  for (const DType dtype : float8) {
    const std::vector<std::uint8_t> got = converted<std::uint8_t>(from, DType::F32, dtype, cpu::hostTarget());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      std::uint8_t want = 0;
      store_element(cast_element({.dtype = DType::F32, .value = from[i]}, dtype), &want);
      wrong += got[i] != want;
    }
    CAPTURE(name(dtype));
    CHECK(wrong == 0);
  }
}

// The wanted values are PyTorch's on x86.
TEST_CASE("floats that do not fit an integer become what C++ code on x86 makes of them") {
  constexpr double NotANumber = std::numeric_limits<double>::quiet_NaN(),
                   Infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> x = {NotANumber, Infinity, -Infinity, 3e9,     -3e9,    1e19,
                                 -1e19,      300.7,    -1.5,      40000.0, 70000.0, 3000000001.0};
  const cpu::Target& host = cpu::hostTarget();
  CHECK(converted<std::int8_t>(x, DType::F64, DType::I8, host) ==
        std::vector<std::int8_t>{0, 0, 0, 0, 0, 0, 0, 44, -1, 64, 112, 0});
  CHECK(converted<std::uint8_t>(x, DType::F64, DType::U8, host) ==
        std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 44, 255, 64, 112, 1});
  CHECK(converted<std::int16_t>(x, DType::F64, DType::I16, host) ==
        std::vector<std::int16_t>{0, 0, 0, 0, 0, 0, 0, 300, -1, -25536, 4464, 0});
  CHECK(converted<std::uint16_t>(x, DType::F64, DType::U16, host) ==
        std::vector<std::uint16_t>{0, 0, 0, 0, 0, 0, 0, 300, 65535, 40000, 4464, 0});
  constexpr std::int32_t Least32 = INT32_MIN;
  CHECK(converted<std::int32_t>(x, DType::F64, DType::I32, host) ==
        std::vector<std::int32_t>{Least32, Least32, Least32, Least32, Least32, Least32, Least32, 300, -1, 40000, 70000,
                                  Least32});
  CHECK(converted<std::uint32_t>(x, DType::F64, DType::U32, host) ==
        std::vector<std::uint32_t>{0, 0, 0, 3000000000, 1294967296, 0, 0, 300, 4294967295, 40000, 70000, 3000000001});
  constexpr std::int64_t Least64 = INT64_MIN;
  CHECK(converted<std::int64_t>(x, DType::F64, DType::I64, host) ==
        std::vector<std::int64_t>{Least64, Least64, Least64, 3000000000, -3000000000, Least64, Least64, 300, -1, 40000,
                                  70000, 3000000001});
  constexpr std::uint64_t Top = std::uint64_t(1) << 63;
  CHECK(converted<std::uint64_t>(x, DType::F64, DType::U64, host) ==
        std::vector<std::uint64_t>{Top, 0, Top, 3000000000, std::uint64_t(-3000000000), 10000000000000000000U, Top, 300,
                                   std::uint64_t(-1), 40000, 70000, 3000000001});
}

}  // namespace gems::test
