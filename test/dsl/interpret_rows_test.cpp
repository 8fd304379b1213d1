// The meaning of reductions, of picks and of extents: each promise of reduce_ops.def by values that would show its
// breach.
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "elements.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"
#include "gems/ops/softmax.h"
#include "random_traces.h"

namespace gems {
namespace {

using enum DType;
using enum ReduceOp;
using test::integer;
using test::real;
using test::truth;
using Elements = std::vector<Element>;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A part of the reduction of one row, by a trace written by hand.
Element reduced(ReduceOp op, int part, DType dtype, const Elements& row) {
  TraceGraph graph;
  graph.is_rowwise = true;
  graph.operands.push_back({"x", OperandForm::Tensor, dtype, dtype, 0});
  graph.nodes.push_back({.op = ScalarOp::Operand, .dtype = dtype, .operand = 0});
  TraceNode node{.op = ScalarOp::Reduce, .dtype = part_dtype(op, part, dtype), .args = {0, -1, -1}};
  node.reduce = op;
  node.part = static_cast<std::int8_t>(part);
  graph.nodes.push_back(node);
  graph.results.push_back({"out", 1, node.dtype, Extent::Row});
  return interpret_rows(graph, std::array{row}, 1, row.size())[0].at(0);
}

double f(ReduceOp op, std::initializer_list<double> row, int part = 0, DType dtype = F32) {
  Elements elements;
  for (const double x : row) elements.push_back(real(dtype, x));
  return reduced(op, part, dtype, elements).value.real();
}
std::int64_t i(ReduceOp op, DType dtype, std::initializer_list<std::int64_t> row, int part = 0) {
  Elements elements;
  for (const std::int64_t x : row) elements.push_back(integer(dtype, x));
  return reduced(op, part, dtype, elements).integer;
}
std::int64_t index_of(ReduceOp op, std::initializer_list<double> row) {
  Elements elements;
  for (const double x : row) elements.push_back(real(F32, x));
  const Element index = reduced(op, 1, F32, elements);
  CHECK(index.dtype == I64);
  return index.integer;
}

TEST_CASE("sums and products of integers wrap in the width of their dtype") {
  CHECK(i(Sum, U8, {200, 100}) == 44);
  CHECK(i(Sum, I8, {127, 1}) == -128);
  CHECK(i(Sum, I32, {2147483647, 1}) == std::numeric_limits<std::int32_t>::min());
  CHECK(i(Prod, I32, {65536, 65536, 3}) == 0);
  CHECK(i(Prod, I64, {std::numeric_limits<std::int64_t>::max(), 2}) == -2);
  CHECK(i(Sum, U64, {-1, 2}) == 1);
  // A sum by way of floats would lose the last digit.
  CHECK(i(Sum, I64, {(1L << 53) + 1, 0}) == (1L << 53) + 1);
}

TEST_CASE("sums and products of floats round once, and carry NaN and infinity") {
  CHECK(f(Sum, {1e8, 1, -1e8}) == 1);
  CHECK(f(Sum, {0x1p24, 1, 1}) == 0x1p24 + 2);
  CHECK(std::isnan(f(Sum, {1, nan, 2})));
  CHECK(std::isnan(f(Sum, {inf, -inf})));
  CHECK(f(Sum, {inf, 1}) == inf);
  CHECK(f(Sum, {3e38, 3e38}) == inf);
  CHECK(f(Prod, {3, -2, 0.5}) == -3);
  CHECK(std::isnan(f(Prod, {0, inf})));
}

TEST_CASE("complex sums are by the rules of complex arithmetic") {
  const Elements row{real(C64, {1, 2}), real(C64, {3, -4}), real(C64, {0, 1})};
  CHECK(reduced(Sum, 0, C64, row).value == std::complex<double>(4, -1));
}

TEST_CASE("a row without elements has the value that its reduction begins with") {
  CHECK(f(Sum, {}) == 0);
  CHECK(f(Prod, {}) == 1);
  CHECK(i(Sum, I64, {}) == 0);
  CHECK(i(Prod, I64, {}) == 1);
  CHECK(f(Max, {}) == -inf);
  CHECK(f(Min, {}) == inf);
  CHECK(i(Max, I8, {}) == -128);
  CHECK(i(Min, I8, {}) == 127);
  CHECK(i(Max, U16, {}) == 0);
  CHECK(i(Min, U16, {}) == 65535);
  CHECK(i(Min, U64, {}) == -1);
  CHECK(i(Max, I64, {}) == std::numeric_limits<std::int64_t>::min());
  CHECK(i(Max, Bool, {}) == 0);
  CHECK(i(Min, Bool, {}) == 1);
  CHECK(f(MaxIndex, {}) == -inf);
  CHECK(index_of(MaxIndex, {}) == 0);
  CHECK(index_of(MinIndex, {}) == 0);
  CHECK(std::isnan(f(Moments, {}, 0)));
  CHECK(f(Moments, {}, 1) == 0);
  CHECK(f(ExpSum, {}, 0) == -inf);
  CHECK(f(ExpSum, {}, 1) == 0);
}

TEST_CASE("a maximum and a minimum carry NaN") {
  for (const ReduceOp op : {Max, Min, MaxIndex, MinIndex}) {
    CHECK(std::isnan(f(op, {1, nan, 2})));
    CHECK(std::isnan(f(op, {nan, inf, -inf})));
  }
  CHECK(f(Max, {-1, -inf, -2}) == -1);
  CHECK(f(Min, {-1, inf, -2}) == -2);
  CHECK(f(Max, {-inf, -inf}) == -inf);
}

TEST_CASE("bool and unsigned integers have the order of their values") {
  CHECK(i(Max, Bool, {0, 1, 0}) == 1);
  CHECK(i(Max, Bool, {0, 0}) == 0);
  CHECK(i(Min, Bool, {1, 0, 1}) == 0);
  CHECK(i(Min, Bool, {1, 1}) == 1);
  CHECK(i(Max, U64, {1, -1, 2}) == -1);
  CHECK(i(Min, U64, {1, -1, 2}) == 1);
  CHECK(i(MaxIndex, U64, {1, -1, 2}, 1) == 1);
  CHECK(i(MaxIndex, Bool, {0, 1, 1}, 1) == 1);
  CHECK(i(MinIndex, Bool, {1, 0, 0}, 1) == 1);
  // f64 could not tell these apart.
  CHECK(i(MaxIndex, I64, {1L << 53, (1L << 53) + 1}, 1) == 1);
}

TEST_CASE("an index is that of the first NaN, else the lowest of those with the value") {
  CHECK(index_of(MaxIndex, {3, 5, 5, 1}) == 1);
  CHECK(index_of(MinIndex, {3, 1, 5, 1}) == 1);
  CHECK(index_of(MaxIndex, {3, nan, 5, nan}) == 1);
  CHECK(index_of(MinIndex, {-inf, 1, nan, nan}) == 2);
  CHECK(index_of(MaxIndex, {-inf, -inf}) == 0);
  CHECK(index_of(MaxIndex, {0.0, -0.0}) == 0);
  CHECK(index_of(MaxIndex, {-0.0, 0.0}) == 0);
  CHECK(index_of(MinIndex, {inf, inf, 2}) == 2);
}

TEST_CASE("moments are of the row's own mean") {
  CHECK(f(Moments, {1, 2, 6}, 0) == 3);
  CHECK(f(Moments, {1, 2, 6}, 1) == 14);
  CHECK(f(Moments, {7}, 1) == 0);
  // The square of the sum would lose all digits.
  CHECK(f(Moments, {1e4 + 1, 1e4, 1e4 - 1}, 1) == 2);
  CHECK(f(Moments, {1e8 + 1, 1e8, 1e8 - 1}, 1, F64) == 2);
  CHECK(std::isnan(f(Moments, {1, nan}, 0)));
  CHECK(std::isnan(f(Moments, {1, inf}, 1)));
}

TEST_CASE("a sum of exponentials is relative to the maximum") {
  CHECK(f(ExpSum, {1000, 1000}, 0) == 1000);
  CHECK(f(ExpSum, {1000, 1000}, 1) == 2);
  CHECK(f(ExpSum, {-1000, -1000, -1000}, 1) == 3);
  CHECK(f(ExpSum, {0, -inf}, 1) == 1);
  CHECK(f(ExpSum, {-inf, -inf}, 0) == -inf);
  CHECK(f(ExpSum, {-inf, -inf}, 1) == 0);
  CHECK(std::isnan(f(ExpSum, {0, nan}, 0)));
  CHECK(std::isnan(f(ExpSum, {0, nan}, 1)));
  CHECK(std::isnan(f(ExpSum, {0, inf}, 1)));
}

TEST_CASE("the first part of a single element is the element, in every dtype that is reduced") {
  constexpr std::array all{
#define GEMS_REDUCE_OP(Name, text, parts, domain) ReduceOp::Name,
#include "gems/dsl/reduce_ops.def"
  };
  for (const ReduceOp op : all)
    for (std::size_t t = 0; t < DTypeCount; ++t) {
      const auto dtype = static_cast<DType>(t);
      if (!contains(domain(op), dtype)) continue;
      CAPTURE(name(op), name(dtype));
      const Element one = cast_element(integer(I64, 1), dtype), of_row = reduced(op, 0, dtype, {one});
      CHECK(of_row.dtype == dtype);
      CHECK(of_row.integer == one.integer);
      CHECK(of_row.value == one.value);
      for (int part = 1; part < parts(op); ++part) {
        const bool is_index = op == MaxIndex || op == MinIndex;
        CHECK(reduced(op, part, dtype, {one}).dtype == (is_index ? I64 : dtype));
      }
    }
}

// Of calls: the tables of the tensors of `op`, in its order, the same numbers for all Scalars.
std::vector<Elements> results_of(const OpDef& op, const std::vector<Elements>& tables, std::size_t rows,
                                 std::size_t columns) {
  std::vector<CallOperand> operands;
  std::vector<Elements> given;
  std::size_t next = 0;
  for (const OperandDef& operand : op.operands) {
    if (next == tables.size() || tables[next].empty()) {
      operands.push_back({.kind = CallOperand::Kind::Absent});
      ++next;
      continue;
    }
    const DType dtype = tables[next][0].dtype;
    operands.push_back(operand.kind == OperandKind::Scalar ? test::number(dtype) : test::tensor(dtype));
    given.push_back(tables[next++]);
  }
  const TraceGraph graph = trace(op, operands);
  for (std::size_t i = 0; i < given.size(); ++i)
    for (Element& each : given[i]) each = cast_element(each, graph.operands[i].storage);
  return interpret_rows(graph, given, rows, columns);
}

Elements reals(DType dtype, std::initializer_list<double> values) {
  Elements elements;
  for (const double value : values) elements.push_back(real(dtype, value));
  return elements;
}
std::vector<double> numbers(const Elements& elements) {
  std::vector<double> all;
  for (const Element& each : elements)
    all.push_back(is_integral(each.dtype) ? static_cast<double>(each.integer) : each.value.real());
  return all;
}
using Numbers = std::vector<double>;

using namespace gems::dsl;

constexpr OpDef extents_op = rowwise({.name = "extents",
                                      .promotion_methods = {promote({0, 1, 2}, Default), promote({0}, Default),
                                                            promote({0}, Default), promote({0}, Default)}},
                                     [](Tensor x, Row y, Column z, Scalar a) {
                                       return outputs(x + y * a + z, row_sum(z) + y, z * a, column_sum(x + y));
                                     });

TEST_CASE("each value is where its extent says") {
  const auto results = results_of(
      extents_op, {reals(F32, {1, 2, 3, 4, 5, 6}), reals(F32, {10, 20}), reals(F32, {100, 200, 300}), reals(F64, {2})},
      2, 3);
  CHECK(numbers(results[0]) == Numbers{121, 222, 323, 144, 245, 346});
  CHECK(numbers(results[1]) == Numbers{610, 620});
  CHECK(numbers(results[2]) == Numbers{200, 400, 600, 200, 400, 600});
  CHECK(numbers(results[3]) == Numbers{35, 37, 39});
}

constexpr OpDef places_op =
    rowwise({.name = "places", .promotion_methods = {promote({0}, Default), promote({0}, Index), promote({0}, Index)}},
            [](Tensor x, Row at) { return outputs(pick(x, at), row_index(x), row_length(x)); });

TEST_CASE("a row is picked from by index, and counts its elements") {
  const Elements at{integer(I64, 2), integer(I64, 0), integer(I64, 3), integer(I64, -1)};
  const auto results = results_of(places_op, {reals(F32, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, nan}), at}, 4, 3);
  // Outside of the row: 0, whatever the row has.
  CHECK(numbers(results[0]) == Numbers{3, 4, 0, 0});
  CHECK(numbers(results[1]) == Numbers{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
  CHECK(numbers(results[2]) == Numbers{3, 3, 3, 3});
}

constexpr OpDef stored_op =
    rowwise({.name = "stored", .promotion_methods = {promote({0}, Default), promote({0}, Default)}}, [](Tensor x) {
      const Expr sum = x + 0.001;
      return outputs(sum, row_sum(round_to_result(sum, 0)));
    });

TEST_CASE("code goes on with what was stored") {
  const auto results = results_of(stored_op, {reals(BF16, {1, 1, 1})}, 1, 3);
  CHECK(numbers(results[1]) == Numbers{3});
  CHECK(numbers(results_of(stored_op, {reals(F32, {1, 1, 1})}, 1, 3)[1])[0] > 3.002);
}

TEST_CASE("bools and integers are summed in i64, counts and indices are i64") {
  CHECK(results_of(ops::sum_op, {{truth(true), truth(true), truth(false)}}, 1, 3)[0][0].integer == 2);
  CHECK(results_of(ops::sum_op, {{integer(U8, 200), integer(U8, 100)}}, 1, 2)[0][0].integer == 300);
  CHECK(results_of(ops::prod_op, {{integer(I8, 100), integer(I8, 100)}}, 1, 2)[0][0].integer == 10000);
  CHECK(results_of(ops::sum_op, {reals(F16, {1, 2})}, 1, 2)[0][0].dtype == F16);
  CHECK(results_of(ops::argmax_op, {reals(F16, {1, 2})}, 1, 2)[0][0].dtype == I64);
  CHECK(results_of(ops::count_nonzero_op, {reals(F32, {0, nan, -0.0, 2})}, 1, 4)[0][0].integer == 2);
}

TEST_CASE("whether one or each is not zero") {
  const auto any = [](const Elements& row) { return results_of(ops::any_op, {row}, 1, row.size())[0][0].integer != 0; };
  const auto all = [](const Elements& row) { return results_of(ops::all_op, {row}, 1, row.size())[0][0].integer != 0; };
  CHECK(any(reals(F32, {0, nan})));
  CHECK_FALSE(any(reals(F32, {0, -0.0})));
  CHECK(all(reals(F32, {nan, 1})));
  CHECK_FALSE(all(reals(F32, {1, 0})));
  CHECK(any({integer(U8, 0), integer(U8, 128)}));
  CHECK(any({real(C64, {0, 1})}));
  CHECK_FALSE(all({truth(true), truth(false)}));
}

TEST_CASE("softmax and the logarithm of sums of exponentials keep to their rows") {
  const double third = 1.0 / 3;
  CHECK(numbers(results_of(ops::softmax_op, {reals(F64, {1000, 1000, 1000, -inf, 0, -inf})}, 2, 3)[0]) ==
        Numbers{third, third, third, 0, 1, 0});
  for (const double each : numbers(results_of(ops::softmax_op, {reals(F32, {-inf, -inf})}, 1, 2)[0]))
    CHECK(std::isnan(each));
  for (const double each : numbers(results_of(ops::log_softmax_op, {reals(F32, {-inf, -inf})}, 1, 2)[0]))
    CHECK(std::isnan(each));
  const auto logsumexp = [](std::initializer_list<double> row) {
    return numbers(results_of(ops::logsumexp_op, {reals(F64, row)}, 1, row.size())[0])[0];
  };
  CHECK(logsumexp({-1000, -1000}) == -1000 + std::log(2.0));
  CHECK(logsumexp({-inf, -inf}) == -inf);
  CHECK(logsumexp({inf, 1}) == inf);
  CHECK(std::isnan(logsumexp({nan, 1})));
}

TEST_CASE("variances count degrees of freedom") {
  const auto var = [](std::initializer_list<double> row, double correction) {
    return numbers(results_of(ops::var_op, {reals(F64, row), reals(F64, {correction})}, 1, row.size())[0])[0];
  };
  CHECK(var({1, 2, 6}, 1) == 7);
  CHECK(var({1, 2, 6}, 0) == 14.0 / 3);
  CHECK(var({1, 2, 6}, 0.5) == 14 / 2.5);
  CHECK(std::isnan(var({1}, 1)));
  CHECK(var({1, 3}, 5) == inf);
}

TEST_CASE("operands of a norm may be absent") {
  const Elements x = reals(F64, {1, 3, -2, 2}), eps = reals(F64, {0});
  CHECK(numbers(results_of(ops::layer_norm_op, {x, {}, {}, eps}, 2, 2)[0]) == Numbers{-1, 1, -1, 1});
  CHECK(numbers(results_of(ops::layer_norm_op, {x, reals(F64, {2, 3}), {}, eps}, 2, 2)[0]) == Numbers{-2, 3, -2, 3});
  CHECK(numbers(results_of(ops::layer_norm_op, {x, {}, reals(F64, {5, 6}), eps}, 2, 2)[0]) == Numbers{4, 7, 4, 7});
  const auto all = results_of(ops::layer_norm_op, {x, reals(F64, {2, 3}), reals(F64, {5, 6}), eps}, 2, 2);
  CHECK(numbers(all[0]) == Numbers{3, 9, 3, 9});
  CHECK(numbers(all[1]) == Numbers{2, 0});
  CHECK(numbers(all[2]) == Numbers{1, 0.5});
}

TEST_CASE("rows without elements and no rows at all are tables, too") {
  const TraceGraph sum = trace(ops::sum_op, std::array{test::tensor(F32)});
  CHECK(numbers(interpret_rows(sum, std::array<Elements, 1>{}, 3, 0)[0]) == Numbers{0, 0, 0});
  CHECK(interpret_rows(sum, std::array<Elements, 1>{}, 0, 3)[0].empty());
  const TraceGraph softmax = trace(ops::softmax_op, std::array{test::tensor(F32)});
  CHECK(interpret_rows(softmax, std::array<Elements, 1>{}, 3, 0)[0].empty());
  CHECK_THROWS_AS(interpret_rows(sum, {}, 3, 1), Error);
}

TEST_CASE("a pointwise trace is evaluated element by element") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    TraceGraph graph = test::random_trace(seed);
    Elements elements;
    std::vector<Elements> tables;
    for (const TraceOperand& operand : graph.operands) {
      elements.push_back(cast_element(real(F64, 0.75), operand.storage));
      tables.push_back({elements.back()});
    }
    const Element one = interpret(graph, elements)[0], of_row = interpret_rows(graph, tables, 1, 1)[0].at(0);
    CHECK(one.integer == of_row.integer);
    CHECK((one.value == of_row.value || std::isnan(std::abs(one.value))));
  }
}

TEST_CASE("random rowwise bodies have finite values and sums of columns, and are the same for the same seed") {
  std::size_t with_columns = 0, with_rows = 0;
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    const TraceGraph graph = test::random_rowwise_trace(seed, true);
    CHECK(graph == test::random_rowwise_trace(seed, true));
    const auto tables = test::random_tables(graph, 3, 17, seed);
    const auto results = interpret_rows(graph, tables, 3, 17);
    for (std::size_t r = 0; r < results.size(); ++r) {
      with_columns += graph.results[r].extent == Extent::Column;
      with_rows += graph.results[r].extent == Extent::Row;
      CHECK(results[r].size() == (graph.results[r].extent == Extent::Row      ? 3u
                                  : graph.results[r].extent == Extent::Column ? 17u
                                                                              : 51u));
      for (const Element& each : results[r]) CHECK(std::isfinite(std::abs(each.value)));
    }
  }
  CHECK(with_columns > 50);
  CHECK(with_rows > 50);
}

}  // namespace
}  // namespace gems
