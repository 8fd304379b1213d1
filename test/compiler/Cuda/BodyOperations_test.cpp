// Every scalar operation on every dtype that it is defined on: emitted CUDA text, run as host C++, against the
// interpreter.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <complex>
#include <limits>

#include "cuda_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

// Units in the last place that a float result may be off: nothing for arithmetic (but for division and square roots of
// two-byte types, docs/precision.md), the C library's error for functions of f32 and f64, and for complex numbers the
// error of formulas that cancel, relative to the larger part. A complex power is exp(y log(x)), which magnifies the
// exponent's rounding by the exponent: up to 16 * 3 here.
double allowed_ulps(ScalarOp op, DType dtype) {
  const bool is_narrow = opmath_of(dtype) != dtype;
  switch (op) {
    case ScalarOp::Sqrt:
    case ScalarOp::Reciprocal:
    case ScalarOp::Div:
      return is_complex(dtype) ? 4 : is_narrow ? 1 : 0;
    case ScalarOp::Mul:
      return is_complex(dtype) ? 4 : 0;
    case ScalarOp::Abs:
      return is_complex(dtype) ? 2 : 0;
    case ScalarOp::Exp:
    case ScalarOp::Exp2:
    case ScalarOp::Expm1:
    case ScalarOp::Log:
    case ScalarOp::Log2:
    case ScalarOp::Log10:
    case ScalarOp::Log1p:
    case ScalarOp::Sin:
    case ScalarOp::Cos:
    case ScalarOp::Tan:
    case ScalarOp::Asin:
    case ScalarOp::Acos:
    case ScalarOp::Atan:
    case ScalarOp::Sinh:
    case ScalarOp::Cosh:
    case ScalarOp::Tanh:
    case ScalarOp::Sigmoid:
    case ScalarOp::Rsqrt:
    case ScalarOp::Erf:
    case ScalarOp::Erfc:
    case ScalarOp::Pow:
    case ScalarOp::Atan2:
      if (is_narrow) return 1;
      return !is_complex(dtype) ? 4 : op == ScalarOp::Pow ? 128 : 16;
    default:
      return 0;
  }
}

bool is_function_of_complex(ScalarOp op, DType dtype) { return is_complex(dtype) && allowed_ulps(op, DType::F16) == 1; }

}  // namespace

TEST_CASE("emitted text of every operation agrees with the interpreter on every dtype") {
  std::vector<CudaCase> cases;
  for (ScalarOp op : all_scalar_ops()) {
    for (std::size_t d = 0; d < DTypeCount; ++d) {
      const auto dtype = static_cast<DType>(d);
      if (!is_defined(op, dtype)) continue;
      CudaCase test{.graph = single_op(op, dtype), .layout = {}, .geometry = {}};
      test.geometry = flat_geometry(test.graph, 301);
      test.ulps = allowed_ulps(op, dtype);
      // Below -88 the emitted sigmoid is 0: exp overflows.
      test.only_moderate = is_function_of_complex(op, dtype) || op == ScalarOp::Sigmoid;
      cases.push_back(std::move(test));
    }
  }
  check_on_host(cases, 1);
}

TEST_CASE("complex functions keep their limits at zeros and infinities") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  struct Limit {
    ScalarOp op;
    std::complex<double> x, y, expected;
  };
  // As PyTorch's CPU kernels give them.
  const Limit limits[] = {
      {ScalarOp::Pow, {0, 0}, {2, 0}, {0, 0}},       {ScalarOp::Pow, {0, 0}, {-1, 0}, {inf, nan}},
      {ScalarOp::Pow, {0, 0}, {0, 0}, {nan, nan}},   {ScalarOp::Exp, {-inf, nan}, {}, {0, 0}},
      {ScalarOp::Exp, {inf, 0}, {}, {inf, 0}},       {ScalarOp::Sinh, {100, 0}, {}, {inf, 0}},
      {ScalarOp::Sin, {0, 100}, {}, {0, inf}},       {ScalarOp::Cosh, {100, 0}, {}, {inf, 0}},
      {ScalarOp::Sqrt, {-inf, 1}, {}, {0, inf}},     {ScalarOp::Sqrt, {1, inf}, {}, {inf, inf}},
      {ScalarOp::Sqrt, {-4, 0}, {}, {0, 2}},         {ScalarOp::Sqrt, {0, 0}, {}, {0, 0}},
      {ScalarOp::Asin, {inf, 1}, {}, {M_PI_2, inf}}, {ScalarOp::Acos, {-inf, 1}, {}, {M_PI, -inf}},
      {ScalarOp::Atan, {inf, 1}, {}, {M_PI_2, 0}},   {ScalarOp::Tanh, {1000, 1}, {}, {1, 0}},
      {ScalarOp::Abs, {inf, nan}, {}, {inf, 0}},     {ScalarOp::Abs, {3e38, 0}, {}, {3e38, 0}},
      {ScalarOp::Div, {1, 0}, {0, 0}, {inf, nan}},   {ScalarOp::Log, {0, 0}, {}, {-inf, 0}},
  };
  std::vector<CudaKernel> kernels;
  std::vector<TraceGraph> graphs;
  for (const Limit& limit : limits) {
    graphs.push_back(single_op(limit.op, DType::C64));
    kernels.push_back(emit_cuda(graphs.back(), Layout{}, CudaTarget{90}));
  }
  const HostCuda host(kernels);
  for (std::size_t i = 0; i < std::size(limits); ++i) {
    alignas(16) std::complex<float> x(limits[i].x), y(limits[i].y), out;
    void *px = &x, *py = &y, *pout = &out;
    const LaunchGeometry launch =
        launch_geometry(kernels[i].schedule, Layout{}, {.rank = 1, .sizes = {1}, .strides = {}});
    host.launch(i, launch,
                arity(limits[i].op) == 2 ? std::vector<void*>{&px, &py, &pout} : std::vector<void*>{&px, &pout});
    const DType dtype = graphs[i].results[0].dtype;
    const Element expected = cast_element({.dtype = DType::C128, .value = limits[i].expected}, dtype);
    INFO(name(limits[i].op) << " of " << limits[i].x << " " << limits[i].y);
    INFO(to_text(load_element(&out, dtype)) << " instead of " << to_text(expected));
    CHECK(is_close(load_element(&out, dtype), expected, 1));
  }
}

TEST_CASE("emitted casts agree with the interpreter between all pairs of dtypes") {
  std::vector<CudaCase> cases;
  for (std::size_t from = 0; from < DTypeCount; ++from) {
    for (std::size_t to = 0; to < DTypeCount; ++to) {
      const auto source = static_cast<DType>(from);
      const auto target = static_cast<DType>(to);
      TraceBuilder trace("cast");
      trace.result(trace.cast(trace.tensor("x", source), target));
      CudaCase test{.graph = trace.take(), .layout = {}, .geometry = {}};
      test.geometry = flat_geometry(test.graph, 300);
      // Out of range, a cast to an integer is the target's.
      test.only_moderate = is_integer(target);
      cases.push_back(std::move(test));
    }
  }
  check_on_host(cases, 2);
}

TEST_CASE("emitted bit casts agree with the interpreter between all dtypes of one size") {
  std::vector<CudaCase> cases;
  for (const TraceGraph& graph : all_bit_casts())
    cases.push_back({.graph = graph, .layout = Layout{}, .geometry = flat_geometry(graph, 300)});
  check_on_host(cases, 4);
}

TEST_CASE("literals of every dtype are read back exactly") {
  std::vector<CudaCase> cases;
  const double values[] = {0, -0.0, 1, -1, 0.1, 1e-40, 3.4e38, 16777217, -2147483648.0, 9.2e18, 100};
  for (std::size_t d = 0; d < DTypeCount; ++d) {
    for (double value : values) {
      const auto dtype = static_cast<DType>(d);
      if (is_bool(dtype) || (is_integer(dtype) && (value != static_cast<double>(static_cast<std::int64_t>(value)))))
        continue;
      // Larger ones are not values of the dtype.
      const Element element = cast_element({.dtype = DType::F64, .value = value}, dtype);
      const Element back = cast_element(element, DType::F64);
      const double exact = is_integer(dtype) ? back.value.real() : value;
      if (is_integer(dtype) && exact != value) continue;
      TraceBuilder trace("literal");
      const int x = trace.tensor("x", dtype);
      const int literal = trace.literal(dtype, is_integer(dtype) ? value : back.value.real());
      trace.result(trace.add(ScalarOp::Eq, {x, literal}));
      trace.result(literal);
      CudaCase test{.graph = trace.take(), .layout = {}, .geometry = {}};
      test.geometry = flat_geometry(test.graph, 17);
      cases.push_back(std::move(test));
    }
  }
  check_on_host(cases, 3);
}

}  // namespace gems::test
