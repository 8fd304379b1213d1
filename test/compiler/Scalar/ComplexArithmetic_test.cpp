// Functions of complex numbers whose modulus overflows or underflows though neither part does, against the C library's.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "gems/dsl/interpreter.h"
#include "kernels.h"

namespace gems::test {
namespace {

using Complex = std::complex<double>;

std::vector<Complex> at_the_ends() {
  std::vector<Complex> values;
  for (const double re : {1.5e308, 1e200, 1.0, 1e-200, 1e-310, 0.0})
    for (const double im : {1.5e308, 1e200, 1.0, 1e-200, 1e-310, 0.0})
      if (std::max(re, im) > 1e100 || std::max(re, im) < 1e-100)
        for (const double sign : {1.0, -1.0})
          if (re != 0 || im != 0) values.insert(values.end(), {{re, sign * im}, {-re, sign * im}});
  return values;
}

}  // namespace

TEST_CASE("complex functions are right where the modulus leaves the range") {
  for (const ScalarOp op : {ScalarOp::Log, ScalarOp::Log2, ScalarOp::Log10, ScalarOp::Log1p, ScalarOp::Sqrt,
                            ScalarOp::Asin, ScalarOp::Acos, ScalarOp::Atan}) {
    const TraceGraph graph = trace_of(op, DType::C128, DType::C128, DType::C128);
    const CpuKernel kernel = kernel_of(graph);
    std::vector<Complex> given = at_the_ends(), results(given.size());
    char* data[] = {reinterpret_cast<char*>(given.data()), reinterpret_cast<char*>(results.data())};
    const std::int64_t strides[] = {16, 16};
    kernel(data, strides, nullptr, static_cast<std::int64_t>(given.size()));
    for (std::size_t i = 0; i < given.size(); ++i) {
      const Element operand{.dtype = DType::C128, .value = given[i]};
      const Complex expected = interpret(graph, std::vector{operand})[0].value;
      const double larger = std::max(std::abs(expected.real()), std::abs(expected.imag()));
      const double bound = std::max(larger * 8 * std::numeric_limits<double>::epsilon(), 1e-323);
      INFO(name(op) << " of " << given[i] << " is " << results[i] << " instead of " << expected);
      CHECK(std::isfinite(results[i].real()) == std::isfinite(expected.real()));
      if (std::isfinite(expected.real())) CHECK(std::abs(results[i].real() - expected.real()) <= bound);
      CHECK(std::abs(results[i].imag() - expected.imag()) <= bound);
    }
  }
}

}  // namespace gems::test
