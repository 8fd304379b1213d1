// The bodies, and how their results are judged.
#include "approximations.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "gems/dsl/interpreter.h"

namespace gems::test {
namespace {

template <ScalarOp Op>
int one(TraceBuilder& trace, int x) {
  return trace.add(Op, {x});
}

int literal(TraceBuilder& trace, double value) { return trace.literal(DType::F32, value); }

int one_plus(TraceBuilder& trace, int x) { return trace.add(ScalarOp::Add, {literal(trace, 1), x}); }

// As ops/lib/gelu.cpp.
int gelu(TraceBuilder& trace, int x) {
  const int half = trace.add(ScalarOp::Mul, {x, literal(trace, 0.5)});
  const int scaled = trace.add(ScalarOp::Mul, {x, literal(trace, std::numbers::sqrt2 / 2)});
  return trace.add(ScalarOp::Mul, {half, one_plus(trace, trace.add(ScalarOp::Erf, {scaled}))});
}

int silu(TraceBuilder& trace, int x) {
  const int e = trace.add(ScalarOp::Exp, {trace.add(ScalarOp::Neg, {x})});
  return trace.add(ScalarOp::Div, {x, one_plus(trace, e)});
}

int one_plus_erf(TraceBuilder& trace, int x) { return one_plus(trace, trace.add(ScalarOp::Erf, {x})); }
int one_plus_tanh(TraceBuilder& trace, int x) { return one_plus(trace, trace.add(ScalarOp::Tanh, {x})); }

int one_minus_tanh_squared(TraceBuilder& trace, int x) {
  const int t = trace.add(ScalarOp::Tanh, {x});
  return trace.add(ScalarOp::Fma, {trace.add(ScalarOp::Neg, {t}), t, literal(trace, 1)});
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Of f16 and bf16, whose least normal exponent and number of digits differ.
double unit_in_last_place(DType dtype, double value) {
  const int digits = dtype == DType::F16 ? 11 : 8, least = dtype == DType::F16 ? -14 : -126;
  const int exponent = value == 0 ? least : std::max(std::ilogb(value), least);
  return std::ldexp(1.0, exponent - digits + 1);
}

double rounded(DType dtype, double value) {
  // Through f32 it would round twice.
  const double unit = unit_in_last_place(dtype, value);
  const double nearest = std::nearbyint(value / unit) * unit;
  const double largest = dtype == DType::F16 ? 65504.0 : 0x1.fep127;
  if (std::abs(nearest) <= largest) return std::copysign(nearest, value);
  return std::copysign(std::numeric_limits<double>::infinity(), value);
}

}  // namespace

const std::vector<ApproximateCase>& approximate_cases() {
  static const std::vector<ApproximateCase> cases = {
      {"exp", one<ScalarOp::Exp>, [](double x) { return std::exp(x); }},
      {"exp2", one<ScalarOp::Exp2>, [](double x) { return std::exp2(x); }},
      {"expm1", one<ScalarOp::Expm1>, [](double x) { return std::expm1(x); }},
      {"log", one<ScalarOp::Log>, [](double x) { return std::log(x); }},
      {"log2", one<ScalarOp::Log2>, [](double x) { return std::log2(x); }},
      {"log10", one<ScalarOp::Log10>, [](double x) { return std::log10(x); }},
      {"log1p", one<ScalarOp::Log1p>, [](double x) { return std::log1p(x); }},
      {"sin", one<ScalarOp::Sin>, [](double x) { return std::sin(x); }},
      {"cos", one<ScalarOp::Cos>, [](double x) { return std::cos(x); }},
      {"tanh", one<ScalarOp::Tanh>, [](double x) { return std::tanh(x); }},
      {"erf", one<ScalarOp::Erf>, [](double x) { return std::erf(x); }},
      {"erfc", one<ScalarOp::Erfc>, [](double x) { return std::erfc(x); }},
      {"sqrt", one<ScalarOp::Sqrt>, [](double x) { return std::sqrt(x); }},
      {"rsqrt", one<ScalarOp::Rsqrt>, [](double x) { return 1 / std::sqrt(x); }},
      {"reciprocal", one<ScalarOp::Reciprocal>, [](double x) { return 1 / x; }},
      {"sigmoid", one<ScalarOp::Sigmoid>, logistic},
      // At -infinity a product of infinity and 0, as in ATen.
      {"silu", silu, [](double x) { return x * logistic(x); }},
      {"gelu", gelu, [](double x) { return x * 0.5 * std::erfc(-x * (std::numbers::sqrt2 / 2)); }},
      {"one_plus_erf", one_plus_erf, [](double x) { return std::erfc(-x); }},
      {"one_plus_tanh", one_plus_tanh, [](double x) { return 2 * logistic(2 * x); }},
      {"one_minus_tanh_squared", one_minus_tanh_squared,
       [](double x) { return 4 * logistic(2 * x) * logistic(-2 * x); }},
  };
  return cases;
}

TraceGraph approximate_trace(const ApproximateCase& test, DType dtype) {
  TraceBuilder trace(test.name);
  trace.result(test.body(trace, trace.tensor("x", dtype, DType::F32)), dtype);
  return trace.take();
}

std::vector<std::uint16_t> all_two_byte_values() {
  std::vector<std::uint16_t> values(65536);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i);
  return values;
}

Accuracy accuracy_of(const ApproximateCase& test, DType dtype, const std::vector<std::uint16_t>& results) {
  Accuracy accuracy;
  const std::vector<std::uint16_t> operands = all_two_byte_values();
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const double x = load_element(&operands[i], dtype).value.real(),
                 got = load_element(&results[i], dtype).value.real();
    const double exact = test.exact(x), nearest = rounded(dtype, exact);
    if (std::isnan(exact) || std::isnan(got) || std::isinf(nearest) || std::isinf(got) || (exact == 0 && got == 0)) {
      const bool same =
          std::isnan(exact) ? std::isnan(got) : got == nearest && std::signbit(got) == std::signbit(exact);
      if (!same) ++accuracy.wrong_specials, accuracy.wrong_x = x;
      continue;
    }
    const double ulp = std::abs(got - exact) / unit_in_last_place(dtype, exact);
    accuracy.not_nearest += got != nearest;
    if (ulp > accuracy.worst_ulp) accuracy.worst_ulp = ulp, accuracy.worst_x = x;
  }
  return accuracy;
}

void check_accuracy(const ApproximateCase& test, DType dtype, const std::vector<std::uint16_t>& results,
                    const std::string& where) {
  const Accuracy accuracy = accuracy_of(test, dtype, results);
  fmt::print("{:22} {:4} {}: {:.4f} ulp at {}, {} not nearest\n", test.name, name(dtype), where, accuracy.worst_ulp,
             accuracy.worst_x, accuracy.not_nearest);
  INFO(test.name << " of " << name(dtype) << " " << where << ": " << accuracy.worst_ulp << " ulp at "
                 << accuracy.worst_x << "; last wrong special value at " << accuracy.wrong_x);
  CHECK(accuracy.worst_ulp <= 1);
  CHECK(accuracy.wrong_specials == 0);
}

}  // namespace gems::test
