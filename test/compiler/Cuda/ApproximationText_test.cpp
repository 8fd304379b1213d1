// Formulas for two-byte results in emitted CUDA text, run as host C++ on every operand there is. The shim's
// instructions are as far off as PTX allows.
#include "approximations.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>

#include "cuda_case.h"
#include "host_cuda.h"
#include "trace_builder.h"

namespace gems::test {

TEST_CASE("formulas for f16 and bf16 are within one unit in the last place of every result") {
  std::vector<CudaKernel> kernels;
  std::vector<Layout> layouts;
  std::vector<std::pair<const ApproximateCase*, DType>> of;
  for (const ApproximateCase& test : approximate_cases())
    for (const DType dtype : {DType::F16, DType::BF16}) {
      const TraceGraph graph = approximate_trace(test, dtype);
      layouts.push_back(Layout{});
      kernels.push_back(emit_cuda(graph, layouts.back(), CudaTarget{90}));
      of.emplace_back(&test, dtype);
    }
  const HostCuda host(kernels);
  alignas(16) static std::uint16_t operands[65536], results[65536];
  std::ranges::copy(all_two_byte_values(), operands);
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    void *x = operands, *out = results;
    host.launch(i, launch_geometry(kernels[i].schedule, layouts[i], {.rank = 1, .sizes = {65536}, .strides = {}}),
                {&x, &out});
    check_accuracy(*of[i].first, of[i].second, {results, results + 65536}, "as CUDA text");
  }
}

TEST_CASE("powers of f32 take doubles where these are fast, else CUDA's function") {
  const TraceGraph graph = single_op(ScalarOp::Pow, DType::F32);
  for (const int arch : {70, 75, 80, 86, 89, 90, 100, 103, 120}) {
    const CudaKernel kernel = emit_cuda(graph, Layout{}, CudaTarget{arch});
    CAPTURE(arch, kernel.body);
    const bool is_fast = arch % 10 == 0 && arch != 120;
    CHECK((kernel.body.find(is_fast ? "pow_f32(x, y)" : "powf(x, y)") != std::string::npos));
    CHECK((kernel.prelude.find("double") != std::string::npos) == is_fast);
  }
}

TEST_CASE("powers of f32 are within 0.6 units in the last place, special values as in C") {
  const TraceGraph graph = single_op(ScalarOp::Pow, DType::F32);
  const Layout layout;
  const std::vector<CudaKernel> kernels = {emit_cuda(graph, layout, CudaTarget{90})};
  const HostCuda host(kernels);

  constexpr float Infinity = std::numeric_limits<float>::infinity();
  const float specials[] = {0.0F,         -0.0F, 1.0F,   -1.0F, 2.0F,     -2.0F,     3.0F,          -3.0F,
                            0.5F,         -0.5F, 1.5F,   -1.5F, 1e-45F,   -1e-45F,   1e-40F,        16777215.0F,
                            -16777215.0F, 3e38F, -3e38F, 1e-7F, Infinity, -Infinity, std::nanf(""), 33554432.0F};
  std::vector<float> x, y;
  for (const float a : specials)
    for (const float b : specials) x.push_back(a), y.push_back(b);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> exponent(-149, 128), mantissa(1, 2), power(-8, 8), near(-0.02F, 0.02F);
  while (x.size() < 400000) {
    const float sign = x.size() % 3 == 0 ? -1.0F : 1.0F;
    x.push_back(sign * std::ldexp(mantissa(random), static_cast<int>(exponent(random))));
    y.push_back(x.size() % 2 == 0 ? power(random) : std::round(power(random)));
    x.push_back(1 + near(random));
    y.push_back(500 * power(random));
  }
  std::vector<float> results(x.size());
  void *px = x.data(), *py = y.data(), *out = results.data();
  const auto count = static_cast<std::int64_t>(x.size());
  host.launch(0, launch_geometry(kernels[0].schedule, layout, {.rank = 1, .sizes = {count}, .strides = {}}),
              {&px, &py, &out});

  std::size_t wrong_specials = 0;
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::pow(static_cast<long double>(x[i]), static_cast<long double>(y[i]));
    const auto nearest = static_cast<float>(exact);
    if (std::isnan(nearest) || std::isinf(nearest) || exact == 0) {
      const bool same = std::isnan(nearest)
                            ? std::isnan(results[i])
                            : results[i] == nearest && std::signbit(results[i]) == std::signbit(nearest);
      if (!same) UNSCOPED_INFO("pow(" << x[i] << ", " << y[i] << ") gives " << results[i]);
      wrong_specials += !same;
      continue;
    }
    const int e = std::max(nearest == 0 ? -126 : std::ilogb(nearest), -126);
    worst = std::max(worst, static_cast<double>(std::abs(results[i] - exact) / std::ldexp(1.0L, e - 23)));
  }
  CHECK(wrong_specials == 0);
  CHECK(worst <= 0.6);
}

}  // namespace gems::test
