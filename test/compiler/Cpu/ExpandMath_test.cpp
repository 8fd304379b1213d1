// The f32 math functions against MPFR: every exponent, both signs, denormals, and the values around special points.
#include <fmt/format.h>
#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "Pipeline/CompileCpu.h"
#include "kernels.h"
#include "targets.h"

namespace gems::test {
namespace {

constexpr float Infinity = std::numeric_limits<float>::infinity();
constexpr float NotANumber = std::numeric_limits<float>::quiet_NaN();
// What ATen's own kernels reach; the implementation aims for 1.
constexpr double MaxUlp = 1.5;

using MpfrUnary = int (*)(mpfr_t, const mpfr_t, mpfr_rnd_t);

// The distance of `got` from the exact value, in units in the last place of f32 at the exact value.
double ulp_distance(float got, mpfr_t exact) {
  const float rounded = mpfr_get_flt(exact, MPFR_RNDN);
  if (std::isnan(got) || std::isnan(rounded)) return std::isnan(got) == std::isnan(rounded) ? 0 : Infinity;
  if (got == rounded) {
    // A zero has the sign of the exact zero; after underflow either counts as right.
    if (got == 0 && mpfr_zero_p(exact) && std::signbit(got) != (mpfr_signbit(exact) != 0)) return Infinity;
    if (std::isinf(got)) return 0;
  }
  if (std::isinf(got) || std::isinf(rounded)) {
    // Half a step beyond the largest float is infinity; the neighbour is one step away.
    return std::nextafter(got, 0.0F) == rounded || std::nextafter(rounded, 0.0F) == got ? 1 : Infinity;
  }
  const int exponent = std::max(std::ilogb(rounded == 0 ? std::numeric_limits<float>::min() : rounded), -126);
  mpfr_t difference;
  mpfr_init2(difference, 80);
  mpfr_sub_d(difference, exact, got, MPFR_RNDN);
  const double distance = std::abs(mpfr_get_d(difference, MPFR_RNDN));
  mpfr_clear(difference);
  return std::ldexp(distance, 23 - exponent);
}

struct Worst {
  double ulp = 0;
  float x = 0, y = 0, got = 0;
  void meet(double distance, float x_, float y_, float got_) {
    if (distance > ulp) *this = {distance, x_, y_, got_};
  }
};

// A few at every power of two, and neighbours of points where functions change their nature.
std::vector<float> inputs(std::size_t per_exponent, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> values;
  for (std::uint32_t top = 0; top < 512; ++top)
    for (std::size_t i = 0; i < per_exponent; ++i) {
      const std::uint32_t mantissa = i == 0 ? 0 : i == 1 ? 0x7fffff : i == 2 ? 1 : random() & 0x7fffff;
      values.push_back(std::bit_cast<float>(top << 23 | mantissa));
    }
  for (float centre :
       {0.25F,    0.5F,       0.70710678F, 1.0F,        1.41421356F, 1.5707964F, 3.1415927F,    3.95F,  10.2F,
        10.05F,   88.72284F,  89.4159F,    103.97208F,  104.0F,      126.0F,     128.0F,        149.0F, 150.0F,
        0.34657F, 0.6931472F, 0x1p40F,     16367173.0F, 1e22F,       0.0F,       1.1754944e-38F})
    for (float sign : {-1.0F, 1.0F}) {
      float low = sign * centre, high = low;
      for (int i = 0; i < 200; ++i) {
        values.push_back(low = std::nextafter(low, -Infinity));
        values.push_back(high = std::nextafter(high, Infinity));
      }
      values.push_back(sign * centre);
    }
  // Where results are ordinary numbers.
  std::uniform_real_distribution<float> ordinary(-110, 110), small(-4, 4);
  for (std::size_t i = 0; i < 40 * per_exponent; ++i) {
    values.push_back(ordinary(random));
    values.push_back(small(random));
  }
  for (float special : {0.0F, -0.0F, 1.0F, -1.0F, Infinity, -Infinity, NotANumber, -NotANumber})
    values.push_back(special);
  return values;
}

void report(const std::string& function, const Worst& worst, std::size_t count) {
  fmt::print("{:14} {:.3f} ulp at x = {:a} y = {:a} (result {:a}), {} inputs\n", function, worst.ulp, worst.x, worst.y,
             worst.got, count);
  INFO(function << " at " << worst.x << ", " << worst.y << " gives " << worst.got);
  CHECK(worst.ulp <= MaxUlp);
}

// 1 / sqrt(x) as IEEE has it: -0 gives -infinity, unlike mpfr_rec_sqrt.
int reciprocal_square_root(mpfr_t result, const mpfr_t x, mpfr_rnd_t rounding) {
  if (!mpfr_zero_p(x)) return mpfr_rec_sqrt(result, x, rounding);
  mpfr_set_inf(result, mpfr_signbit(x) ? -1 : 1);
  return 0;
}

}  // namespace

TEST_CASE("f32 functions of one operand are within 1.5 ulp everywhere") {
  struct Row {
    ScalarOp op;
    MpfrUnary exact;
  };
  const Row rows[] = {
      {ScalarOp::Exp, mpfr_exp},     {ScalarOp::Exp2, mpfr_exp2},
      {ScalarOp::Expm1, mpfr_expm1}, {ScalarOp::Log, mpfr_log},
      {ScalarOp::Log2, mpfr_log2},   {ScalarOp::Log10, mpfr_log10},
      {ScalarOp::Log1p, mpfr_log1p}, {ScalarOp::Sin, mpfr_sin},
      {ScalarOp::Cos, mpfr_cos},     {ScalarOp::Tan, mpfr_tan},
      {ScalarOp::Asin, mpfr_asin},   {ScalarOp::Acos, mpfr_acos},
      {ScalarOp::Atan, mpfr_atan},   {ScalarOp::Sinh, mpfr_sinh},
      {ScalarOp::Cosh, mpfr_cosh},   {ScalarOp::Tanh, mpfr_tanh},
      {ScalarOp::Erf, mpfr_erf},     {ScalarOp::Erfc, mpfr_erfc},
      {ScalarOp::Sqrt, mpfr_sqrt},   {ScalarOp::Rsqrt, reciprocal_square_root},
  };
  const std::vector<float> x = inputs(60, 1);
  std::vector<float> got(x.size());
  mpfr_t argument, exact;
  mpfr_init2(argument, 24);
  mpfr_init2(exact, 60);
  for (const bool is_narrow : {false, true})
    for (const Row& row : rows) {
      const TraceGraph graph = trace_of(row.op, DType::F32, DType::F32, DType::F32);
      const cpu::Target target = is_narrow ? narrow_target() : cpu::hostTarget();
      const CpuKernel kernel = load_cpu(cpu::compile(graph, contiguous(graph), target));
      char* const data[] = {reinterpret_cast<char*>(const_cast<float*>(x.data())), reinterpret_cast<char*>(got.data())};
      kernel(data, nullptr, nullptr, static_cast<std::int64_t>(x.size()));
      Worst worst;
      for (std::size_t i = 0; i < x.size(); ++i) {
        mpfr_set_flt(argument, x[i], MPFR_RNDN);
        row.exact(exact, argument, MPFR_RNDN);
        worst.meet(ulp_distance(got[i], exact), x[i], 0, got[i]);
      }
      report(fmt::format("{}{}", name(row.op), is_narrow ? " (AVX2)" : ""), worst, x.size());
    }
  mpfr_clear(argument);
  mpfr_clear(exact);
}

TEST_CASE("f32 functions of two operands are within 1.5 ulp everywhere") {
  struct Row {
    ScalarOp op;
    int (*exact)(mpfr_t, const mpfr_t, const mpfr_t, mpfr_rnd_t);
  };
  const Row rows[] = {{ScalarOp::Pow, mpfr_pow}, {ScalarOp::Atan2, mpfr_atan2}, {ScalarOp::Fmod, mpfr_fmod}};
  std::vector<float> x = inputs(30, 2), y = inputs(30, 3);
  // Every pair of special values, and pairs in which pow neither overflows nor underflows.
  std::mt19937 random(4);
  std::shuffle(y.begin(), y.end(), random);
  const float specials[] = {0.0F,        -0.0F, 1.0F,   -1.0F,    2.0F,      -2.0F,     3.0F,        -3.0F,
                            0.5F,        -0.5F, 1.5F,   -1.5F,    1e-45F,    -1e-45F,   16777215.0F, -16777215.0F,
                            16777216.0F, 3e38F, -3e38F, Infinity, -Infinity, NotANumber};
  for (float a : specials)
    for (float b : specials) {
      x.push_back(a);
      y.push_back(b);
    }
  std::uniform_real_distribution<float> exponent(-20, 20), power(-8, 8);
  for (int i = 0; i < 20000; ++i) {
    x.push_back(std::exp2(exponent(random)) * (i % 4 == 0 ? -1.0F : 1.0F));
    y.push_back(i % 4 == 0 ? std::round(power(random)) : power(random));
  }
  std::vector<float> got(x.size());
  mpfr_t first, second, exact;
  mpfr_init2(first, 24);
  mpfr_init2(second, 24);
  mpfr_init2(exact, 60);
  for (const Row& row : rows) {
    const CpuKernel kernel = kernel_of(trace_of(row.op, DType::F32, DType::F32, DType::F32));
    char* const data[] = {reinterpret_cast<char*>(x.data()), reinterpret_cast<char*>(y.data()),
                          reinterpret_cast<char*>(got.data())};
    kernel(data, nullptr, nullptr, static_cast<std::int64_t>(x.size()));
    Worst worst;
    for (std::size_t i = 0; i < x.size(); ++i) {
      mpfr_set_flt(first, x[i], MPFR_RNDN);
      mpfr_set_flt(second, y[i], MPFR_RNDN);
      row.exact(exact, first, second, MPFR_RNDN);
      worst.meet(ulp_distance(got[i], exact), x[i], y[i], got[i]);
    }
    report(std::string(name(row.op)), worst, x.size());
  }
  mpfr_clear(first);
  mpfr_clear(second);
  mpfr_clear(exact);
}

}  // namespace gems::test
