// The meaning of the scalar operations: each promise of scalar_ops.def by values that would show its breach.
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "elements.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"

namespace gems {
namespace {

using enum DType;
using test::integer;
using test::real;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// op on elements of one dtype, by a trace written by hand.
Element value_of(ScalarOp op, DType result, std::vector<Element> args) {
  TraceGraph graph;
  TraceNode node{.op = op, .dtype = result};
  for (std::size_t i = 0; i < args.size(); ++i) {
    graph.operands.push_back({"x", OperandForm::Tensor, args[i].dtype, args[i].dtype, static_cast<int>(i)});
    graph.nodes.push_back({.op = ScalarOp::Operand, .dtype = args[i].dtype, .operand = static_cast<int>(i)});
    node.args[i] = static_cast<int>(i);
  }
  graph.nodes.push_back(node);
  graph.results.push_back({"out", static_cast<int>(args.size()), result});
  return interpret(graph, args)[0];
}

double f(ScalarOp op, DType dtype, double a, double b = 0, double c = 0) {
  const std::array all{real(dtype, a), real(dtype, b), real(dtype, c)};
  return value_of(op, dtype, {all.begin(), all.begin() + arity(op)}).value.real();
}
std::int64_t i(ScalarOp op, DType dtype, std::int64_t a, std::int64_t b = 0) {
  const std::array all{integer(dtype, a), integer(dtype, b)};
  return value_of(op, dtype, {all.begin(), all.begin() + arity(op)}).integer;
}
bool holds(ScalarOp op, DType dtype, double a, double b = 0) {
  const std::array all{real(dtype, a), real(dtype, b)};
  return value_of(op, Bool, {all.begin(), all.begin() + arity(op)}).integer != 0;
}
std::complex<double> z(ScalarOp op, DType dtype, std::complex<double> a, std::complex<double> b = 0) {
  const std::array all{real(dtype, a), real(dtype, b)};
  return value_of(op, dtype, {all.begin(), all.begin() + arity(op)}).value;
}

using enum ScalarOp;

TEST_CASE("integers wrap in the width of their dtype") {
  CHECK(i(Add, U8, 200, 100) == 44);
  CHECK(i(Add, I8, 127, 1) == -128);
  CHECK(i(Sub, U8, 0, 1) == 255);
  CHECK(i(Mul, I32, 65536, 65536) == 0);
  CHECK(i(Mul, I64, std::numeric_limits<std::int64_t>::max(), 2) == -2);
  CHECK(i(Neg, I8, -128) == -128);
  CHECK(i(Neg, U8, 1) == 255);
  CHECK(i(Abs, I16, -32768) == -32768);
  CHECK(i(Abs, I64, -5) == 5);
}

TEST_CASE("integer division never traps") {
  constexpr std::int64_t min64 = std::numeric_limits<std::int64_t>::min();
  for (const ScalarOp op : {Div, TruncDiv, FloorDiv, Fmod, Remainder}) CHECK(i(op, I32, 7, 0) == 0);
  CHECK(i(Div, I64, min64, -1) == min64);
  CHECK(i(Div, I8, -128, -1) == -128);
  CHECK(i(FloorDiv, I64, min64, -1) == min64);
  CHECK(i(Fmod, I64, min64, -1) == 0);
  CHECK(i(Remainder, I64, min64, -1) == 0);
  CHECK(i(Div, U64, -1, 2) == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("integer division rounds as its name says") {
  CHECK(i(TruncDiv, I32, -7, 2) == -3);
  CHECK(i(FloorDiv, I32, -7, 2) == -4);
  CHECK(i(FloorDiv, I32, 7, -2) == -4);
  CHECK(i(FloorDiv, I32, -7, -2) == 3);
  CHECK(i(FloorDiv, I32, 6, -2) == -3);
  CHECK(i(Fmod, I32, -7, 2) == -1);
  CHECK(i(Remainder, I32, -7, 2) == 1);
  CHECK(i(Remainder, I32, 7, -2) == -1);
  CHECK(i(FloorDiv, U8, 255, 2) == 127);
}

TEST_CASE("shifts by a count out of range give zero or the sign") {
  CHECK(i(Shl, I32, 1, 31) == std::numeric_limits<std::int32_t>::min());
  CHECK(i(Shl, I32, 1, 32) == 0);
  CHECK(i(Shl, I32, 1, -1) == 0);
  CHECK(i(Shl, U8, 255, 1) == 254);
  CHECK(i(Shr, I32, -8, 1) == -4);
  CHECK(i(Shr, I32, -8, 32) == -1);
  CHECK(i(Shr, I32, 8, -1) == 0);
  CHECK(i(Shr, I64, -1, -5) == -1);
  CHECK(i(Shr, U64, -1, 63) == 1);
  CHECK(i(Shr, U8, 128, 8) == 0);
}

TEST_CASE("integer powers wrap, and negative exponents give 0 but for bases 1 and -1") {
  CHECK(i(Pow, I64, 3, 4) == 81);
  CHECK(i(Pow, I8, 3, 5) == -13);
  CHECK(i(Pow, I64, 2, 65) == 0);
  CHECK(i(Pow, I32, 0, 0) == 1);
  CHECK(i(Pow, I32, 3, -2) == 0);
  CHECK(i(Pow, I32, 0, -1) == 0);
  CHECK(i(Pow, I32, 1, -5) == 1);
  CHECK(i(Pow, I32, -1, -3) == -1);
  CHECK(i(Pow, I32, -1, -2) == 1);
  CHECK(i(Pow, U8, 2, 255) == 0);
}

TEST_CASE("bitwise operations are logical on bool") {
  CHECK(i(BitNot, Bool, 1) == 0);
  CHECK(i(BitNot, Bool, 0) == 1);
  CHECK(i(BitXor, Bool, 1, 1) == 0);
  CHECK(i(BitNot, U8, 1) == 254);
  CHECK(i(BitNot, I32, 0) == -1);
  CHECK(i(BitAnd, I8, -1, 6) == 6);
}

TEST_CASE("unsigned integers compare as such") {
  CHECK(value_of(Lt, Bool, {integer(U64, 1), integer(U64, -1)}).integer == 1);
  CHECK(value_of(Lt, Bool, {integer(I64, 1), integer(I64, -1)}).integer == 0);
  CHECK(i(Max, U64, 1, -1) == -1);
  CHECK(i(Sign, U64, -1) == 1);
  CHECK(i(Sign, I8, -7) == -1);
  // f64 could not tell these apart.
  CHECK(value_of(Eq, Bool, {integer(I64, (1L << 53) + 1), integer(I64, 1L << 53)}).integer == 0);
}

TEST_CASE("minimum and maximum carry NaN, fmin and fmax skip it") {
  for (const ScalarOp op : {Min, Max}) {
    CHECK(std::isnan(f(op, F32, nan, 1)));
    CHECK(std::isnan(f(op, F64, 1, nan)));
  }
  for (const ScalarOp op : {Fmin, Fmax}) {
    CHECK(f(op, F32, nan, 1) == 1);
    CHECK(f(op, BF16, 1, nan) == 1);
  }
  CHECK(f(Min, F16, -1, 2) == -1);
  CHECK(f(Max, F32, -1, inf) == inf);
}

TEST_CASE("comparisons with NaN are false, but for ne") {
  for (const ScalarOp op : {Eq, Lt, Le, Gt, Ge}) CHECK_FALSE(holds(op, F32, nan, nan));
  CHECK(holds(Ne, F32, nan, nan));
  CHECK(holds(Eq, F32, 0.0, -0.0));
  CHECK(holds(Le, F16, -inf, inf));
  CHECK(holds(IsNan, F16, nan));
  CHECK(holds(IsInf, F64, -inf));
  CHECK_FALSE(holds(IsFinite, F32, nan));
}

TEST_CASE("round goes to even, and keeps the sign of zero") {
  CHECK(f(Round, F32, 0.5) == 0);
  CHECK(f(Round, F32, 1.5) == 2);
  CHECK(f(Round, F64, 2.5) == 2);
  CHECK(f(Round, F16, -2.5) == -2);
  CHECK(std::signbit(f(Round, F32, -0.25)));
  CHECK(std::signbit(f(Trunc, F32, -0.25)));
  CHECK(f(Sign, F32, nan) == 0);
  CHECK(f(Sign, F32, -3) == -1);
}

TEST_CASE("f32 operations round to f32") {
  CHECK(f(Add, F32, 16777216, 1) == 16777216);
  CHECK(f(Add, F64, 16777216, 1) == 16777217);
  CHECK(f(Div, F32, 1, 3) == double(1.0f / 3));
  CHECK(f(Mul, F32, 0x1p-100, 0x1p-49) == 0x1p-149);
  CHECK(f(Mul, F32, 0x1p100, 0x1p100) == inf);
  CHECK(f(Exp, F32, 1) == double(2.71828182845904523536f));
}

TEST_CASE("two-byte operations round the f32 value") {
  CHECK(f(Add, F16, 2048, 1) == 2048);
  CHECK(f(Add, F16, 2050, 1) == 2052);
  CHECK(f(Add, BF16, 256, 1) == 256);
  CHECK(f(Mul, F16, 256, 256) == inf);
  CHECK(f(Mul, BF16, 256, 256) == 65536);
  CHECK(f(Exp, F16, 0x1.de4p-8) == 0x1.02p+0);  // e^x is just below a tie that the f32 value lands on
  CHECK(f(Nextafter, F16, 1, 2) == 1 + 0x1p-10);
  CHECK(f(Nextafter, BF16, 1, -2) == 1 - 0x1p-8);
  CHECK(f(Nextafter, F16, 0, -1) == -0x1p-24);
  CHECK(f(Nextafter, F16, -1, -2) == -1 - 0x1p-10);
  CHECK(f(Nextafter, F16, 65504, inf) == inf);
  CHECK(f(Nextafter, F32, 1, 2) == 1 + 0x1p-23);
}

TEST_CASE("fma rounds once") {
  const double x = 1 + 0x1p-12;
  CHECK(f(Fma, F32, x, x, -1) == 0x1p-11 + 0x1p-24);
  // x * x + c rounds up from just above a tie that double arithmetic would lose: the product needs 48 bits.
  const double a = 1 + 0x1p-23, c = 0x1p-70;
  CHECK(f(Fma, F32, a, 1 + 0x1p-1, c) == double(std::fmaf(float(a), 1.5f, float(c))));
  CHECK(f(Fma, F32, a, 1 + 0x1p-1, c) == 1.5 + 0x1p-22);
  CHECK(f(Fma, F32, a, 1 + 0x1p-1, -c) == 1.5 + 0x1p-23);
}

TEST_CASE("float division and its remainders follow ATen") {
  CHECK(f(FloorDiv, F32, -7, 2) == -4);
  CHECK(f(FloorDiv, F32, 1, 0) == inf);
  CHECK(std::isnan(f(FloorDiv, F32, inf, 1)));
  CHECK(std::signbit(f(FloorDiv, F64, -0.0, 1)));
  // 1 / 0.1f is just below 10 exactly, and rounds to 10.
  CHECK(f(FloorDiv, F32, 1, double(0.1f)) == 9);
  CHECK(f(TruncDiv, F32, -7, 2) == -3);
  CHECK(f(Fmod, F32, -7, 2) == -1);
  CHECK(f(Remainder, F32, -7, 2) == 1);
  CHECK(f(Remainder, F32, 7, -2) == -1);
  CHECK(std::isnan(f(Remainder, F64, 1, 0)));
}

TEST_CASE("complex arithmetic") {
  CHECK(z(Mul, C64, {1, 2}, {3, -1}) == std::complex<double>(5, 5));
  CHECK(z(Div, C64, {5, 5}, {3, -1}) == std::complex<double>(1, 2));
  CHECK(z(Div, C128, {1e300, 1e300}, {1e300, 1e300}) == std::complex<double>(1, 0));
  CHECK(value_of(Abs, F64, {real(C128, {3e300, 4e300})}).value.real() == 5e300);
  CHECK(value_of(Abs, F32, {real(C64, {3, -4})}).value.real() == 5);
  CHECK(z(Conj, C64, {1, 2}) == std::complex<double>(1, -2));
  CHECK(value_of(Real, F32, {real(C64, {1, 2})}).value.real() == 1);
  CHECK(value_of(Imag, F32, {real(C64, {1, 2})}).value.real() == 2);
  CHECK(value_of(Complex, C64, {real(F32, 1), real(F32, 2)}).value == std::complex<double>(1, 2));
  CHECK(z(Sqrt, C64, {-4, 0}) == std::complex<double>(0, 2));
  CHECK(value_of(Eq, Bool, {real(C64, {1, 2}), real(C64, {1, 3})}).integer == 0);
  CHECK(value_of(IsNan, Bool, {real(C64, {1, nan})}).integer == 1);
  CHECK(z(Add, C64, {16777216, 0}, {1, 1}) == std::complex<double>(16777216, 1));
  CHECK(z(Add, C32, {2048, 0}, {1, 1}) == std::complex<double>(2048, 1));
}

TEST_CASE("complex functions near zero keep their small parts") {
  CHECK(std::abs(z(Expm1, C128, {1e-20, 1e-20}) / std::complex<double>(1e-20, 1e-20) - 1.0) < 1e-15);
  CHECK(std::abs(z(Log1p, C128, {1e-20, 1e-20}) / std::complex<double>(1e-20, 1e-20) - 1.0) < 1e-15);
  const std::complex<double> value(0.3, -2), one = 1;
  CHECK(std::abs(z(Log1p, C128, value) - std::log(one + value)) < 1e-15);
  CHECK(std::abs(z(Expm1, C128, value) - (std::exp(value) - one)) < 1e-15);
  CHECK(std::abs(z(Sigmoid, C128, value) - one / (one + std::exp(-value))) < 1e-15);
}

TEST_CASE("select takes one of two values of any dtype") {
  CHECK(value_of(Select, I64, {test::truth(true), integer(I64, 3), integer(I64, 4)}).integer == 3);
  CHECK(value_of(Select, F32, {test::truth(false), real(F32, nan), real(F32, 4)}).value.real() == 4);
}

TEST_CASE("every scalar operation is defined on every dtype that it accepts") {
  // Walks the list itself, so that a new operation without a meaning is found.
  using namespace gems::dsl;
  struct Entry {
    ScalarOp op;
    DType dtype;
  };
  std::vector<Entry> missing;
  const auto try_all = [&](ScalarOp op, Domain domain) {
    for (std::size_t t = 0; t < DTypeCount; ++t) {
      const auto dtype = static_cast<DType>(t);
      if (!contains(domain, dtype)) continue;
      const Element x = cast_element(integer(I64, 1), dtype);
      std::vector<Element> args(static_cast<std::size_t>(arity(op)), x);
      if (op == Select) args[0] = test::truth(true);
      try {
        value_of(op, dtype, args);
      } catch (const Error&) {
        missing.push_back({op, dtype});
      }
    }
  };
#define GEMS_SCALAR_OP(Name, text, arity, domain, result, cost) \
  if (arity > 0 && !is_rowwise(ScalarOp::Name)) try_all(ScalarOp::Name, Domain::domain);
#include "gems/dsl/scalar_ops.def"
  for (const Entry& entry : missing) {
    CAPTURE(name(entry.op), name(entry.dtype));
    CHECK(false);
  }
}

TEST_CASE("a bit_cast reads the bits of integers and floats of one size") {
  const auto bits_of = [](const Element& x, DType to) { return value_of(ScalarOp::BitCast, to, {x}); };
  CHECK(bits_of(real(BF16, 1.5), U16).integer == 0x3fc0);
  CHECK(bits_of(real(F16, -2), I16).integer == -0x4000);
  CHECK(bits_of(real(F32, -0.0), U32).integer == 0x80000000);
  CHECK(bits_of(real(F32, -0.0), I32).integer == std::numeric_limits<std::int32_t>::min());
  CHECK(bits_of(real(F64, 1), U64).integer == 0x3ff0000000000000);
  CHECK(bits_of(real(F8E4M3FN, 1), U8).integer == 0x38);
  CHECK(bits_of(integer(U16, 0x3fc0), BF16).value.real() == 1.5);
  CHECK(bits_of(integer(I32, 0x40490fdb), F32).value.real() == 3.14159274101257324);
  CHECK(bits_of(integer(I8, -1), U8).integer == 255);
}

}  // namespace
}  // namespace gems
