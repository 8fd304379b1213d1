// What a run of a rowwise body records, and the messages of its mistakes.
#include <array>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "calls.h"
#include "gems/dsl.h"
#include "gems/dsl/check_trace.h"
#include "gems/dsl/error.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"

namespace gems {
namespace {

using namespace gems::dsl;
using namespace gems::test;

std::string error_of(const OpDef& op, std::vector<CallOperand> operands) {
  try {
    trace(op, operands);
  } catch (const Error& error) {
    const std::string text = error.what();
    // Without where the op is defined: "op 'name' (file:line): text".
    const std::size_t from = text.find(" ("), to = text.find("): ");
    return from < to && to != std::string::npos ? text.substr(0, from) + text.substr(to + 1) : text;
  }
  return "no error";
}

constexpr OpDef places_op =
    rowwise({.name = "places",
             .promotion_methods = {promote({0}, Default), promote({0}, Default)},
             .names = {"x", "weight", "at", "scale"}},
            [](Tensor x, Column weight, Row at, Scalar scale) {
              const auto [value, index] = row_max_with_index(x * weight);
              const Expr length = cast_like(row_length(x), x);
              return outputs(select(row_index(x) == index, pick(x, at), value * scale / length), column_sum(x));
            });

TEST_CASE("a trace says extents, reductions and their parts") {
  CHECK(to_string(trace(places_op, std::array{tensor(BF16), tensor(F32), tensor(I64), number(F64)})) ==
        "rowwise op places\n"
        "operand x tensor bf16 as f32, position 0, element\n"
        "operand weight tensor f32 as f32, position 1, column\n"
        "operand at tensor i64 as i64, position 2, row\n"
        "operand scale number f32 as f32, position 3\n"
        "%0 = operand x : f32\n"
        "%1 = operand weight : f32\n"
        "%2 = operand at : i64\n"
        "%3 = operand scale : f32\n"
        "%4 = mul %0, %1 : f32\n"
        "%5 = reduce max_index.0 %4 : f32\n"
        "%6 = reduce max_index.1 %4 : i64\n"
        "%7 = row_length : i64\n"
        "%8 = cast %7 : f32\n"
        "%9 = row_index : i64\n"
        "%10 = eq %9, %6 : bool\n"
        "%11 = pick %0, %2 : f32\n"
        "%12 = mul %5, %3 : f32\n"
        "%13 = div %12, %8 : f32\n"
        "%14 = select %10, %11, %13 : f32\n"
        "result out0 %14 as bf16, element\n"
        "result out1 %0 as bf16, column\n");
}

TEST_CASE("extents are joined, and reductions are one value for the row") {
  const TraceGraph graph = trace(places_op, std::array{tensor(F32), tensor(F32), tensor(I64), number(F64)});
  using enum Extent;
  CHECK(extents(graph) == std::vector{Element, Column, Row, Call, Element, Row, Row, Call, Call, Column, Element, Row,
                                      Row, Row, Element});
}

TEST_CASE("an operand that is left out is not in the trace") {
  const CallOperand absent{.kind = CallOperand::Kind::Absent};
  const TraceGraph graph = trace(ops::layer_norm_op, std::array{tensor(F16), absent, tensor(F32), number(F64)});
  REQUIRE(graph.operands.size() == 3);
  CHECK(graph.operands[1] == TraceOperand{"bias", OperandForm::Tensor, F32, F32, 2, Extent::Column});
  // It has no say in promotion either.
  CHECK(trace(ops::layer_norm_op, std::array{tensor(F16), absent, absent, number(F64)}).results[0].dtype == F16);
  CHECK(graph.results[0].dtype == F32);
}

TEST_CASE("an operand that must be there, or must be a tensor, says so") {
  const CallOperand absent{.kind = CallOperand::Kind::Absent};
  CHECK(error_of(ops::layer_norm_op, {absent, absent, absent, number(F64)}) ==
        "op 'layer_norm': operand 0 'x' is a tensor or a number, given nothing");
  CHECK(error_of(places_op, {tensor(F32), number(F64), tensor(I64), number(F64)}) ==
        "op 'places': operand 1 'weight' is a tensor with one value for each column, given a number");
  CHECK(error_of(places_op, {tensor(F32), tensor(F32), number(I64), number(F64)}) ==
        "op 'places': operand 2 'at' is a tensor with one value for each row, given a number");
}

// A rowwise op of one result on a tensor, a row, a column and an operand that may be absent.
using MaybeColumn = Optional<Column>;

template <class Body>
std::string error_of_wrong(Body, DType dtype = F32) {
  constexpr OpDef op = rowwise(
      {.name = "wrong", .promotion_methods = {promote({0, 1, 2, 3}, Default)}, .names = {"x", "y", "z", "bias"}},
      Body());
  return error_of(op, {tensor(dtype), tensor(dtype), tensor(dtype), {.kind = CallOperand::Kind::Absent}});
}

TEST_CASE("a reduction in a pointwise op is an error that says how to define one") {
  constexpr OpDef sum = pointwise({.name = "sum", .promotion_methods = {promote({0}, Default)}},
                                  [](Tensor x) { return x - row_mean(x); });
  CHECK(error_of(sum, {tensor(F32)}) ==
        "op 'sum': row_mean in a pointwise op, which has no rows: define it with rowwise()");
  constexpr OpDef index = pointwise({.name = "index", .promotion_methods = {promote({0}, Default)}},
                                    [](Tensor x) { return x + cast_like(row_index(x), x); });
  CHECK(error_of(index, {tensor(F32)}) ==
        "op 'index': row_index in a pointwise op, which has no rows: define it with rowwise()");
  constexpr OpDef pick_op =
      pointwise({.name = "pick", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return pick(x, 0); });
  CHECK(error_of(pick_op, {tensor(F32)}) ==
        "op 'pick': pick in a pointwise op, which has no rows: define it with rowwise()");
}

TEST_CASE("a reduction takes what varies along the row, of its dtypes") {
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_max(y); }) ==
        "op 'wrong': row_max of operand 1 'y' of dtype f32, which is one value for a whole row: it takes what varies "
        "along the row");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_argmax(row_sum(x)); }) ==
        "op 'wrong': row_argmax of a reduce of dtype f32, which is one value for a whole row: it takes what varies "
        "along the row");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_sum(z); }) == "no error");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_sum(Expr(1)); }) ==
        "row_sum of a literal: pass a value that depends on an operand");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_logsumexp(x); }, I32) ==
        "op 'wrong': row_logsumexp takes floats, given operand 0 'x' of dtype i32; promote it to another type in "
        ".promotion_methods, or cast it");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_sum(x); }, Bool) ==
        "op 'wrong': row_sum takes integers, floats and complex numbers, not bool, given operand 0 'x' of dtype bool; "
        "promote it to another type in .promotion_methods, or cast it");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_prod(x); }, C64) ==
        "op 'wrong': row_prod takes integers and floats, given operand 0 'x' of dtype c64; promote it to another type "
        "in .promotion_methods, or cast it");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return row_max(x); }, C64) ==
        "op 'wrong': row_max takes anything but complex numbers, given operand 0 'x' of dtype c64; promote it to "
        "another type in .promotion_methods, or cast it");
}

TEST_CASE("a row is picked from at one integer index") {
  CHECK(
      error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return pick(x, y); }) ==
      "op 'wrong': pick of operand 0 'x' of dtype f32 at operand 1 'y' of dtype f32: an index is an integer; cast it");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return pick(x, 1.5); }) ==
        "op 'wrong': pick of operand 0 'x' of dtype f32 at the literal 1.5: an index is an integer; cast it");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return pick(x, z); }, I32) ==
        "op 'wrong': pick of operand 0 'x' of dtype i32 at operand 2 'z' of dtype i32, which varies along the row: a "
        "row is picked from at one index; declare it as Row, or reduce it");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return pick(y, y); }, I32) ==
        "op 'wrong': pick of operand 1 'y' of dtype i32, which is one value for a whole row: it takes what varies "
        "along the row");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return pick(x, y) + pick(x, 0); }, I32) ==
        "no error");
}

TEST_CASE("a sum of columns is of what varies along both") {
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return column_sum(row_sum(x)); }) ==
        "op 'wrong': column_sum of a reduce of dtype f32, which does not vary along columns: return the value itself, "
        "or multiply it by what varies from element to element first");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return column_sum(z * 2); }) ==
        "op 'wrong': column_sum of a mul of dtype f32, which does not vary along rows: return the value itself, or "
        "multiply it by what varies from element to element first");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return column_sum(Expr(1)); }) ==
        "op 'wrong': column_sum of the literal 1, which does not vary along columns: return the value itself, or "
        "multiply it by what varies from element to element first");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return column_sum(y * z); }) == "no error");
}

TEST_CASE("an operand that is absent cannot be read") {
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return x + *bias; }) ==
        "op 'wrong': operand 3 'bias' is read, and the call leaves it out: branch on it, as in `y ? x * *y : x`");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return x + *MaybeColumn(); }) ==
        "an Optional without a value is read: branch on it first");
}

TEST_CASE("a value is rounded to a result that the op has") {
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return round_to_result(x, 1); }) ==
        "op 'wrong': round_to_result of operand 0 'x' of dtype f32 to result 1: the op has 1 results; give the number "
        "of one, from 0");
  CHECK(error_of_wrong([](Tensor x, Row y, Column z, MaybeColumn bias) { return round_to_result(1, 0); }) ==
        "round_to_result of a literal: pass a value that depends on an operand");
}

std::string error_after(const std::function<void(TraceGraph&)>& change) {
  const std::array call{tensor(F16), tensor(F16), tensor(I64), number(F64)};
  TraceGraph graph = trace(places_op, call);
  change(graph);
  const ResolvedTypes types = resolve_types(places_op, call);
  try {
    check_trace(graph, places_op, call, types, types.result);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("a trace from outside has the extents of the op") {
  const std::string begin = "the trace of op 'places' is one of another call: ";
  CHECK(error_after([](TraceGraph&) {}) == "no error");
  CHECK(error_after([](TraceGraph& graph) { graph.operands[1].extent = Extent::Element; }) ==
        begin + "operand weight is not f16 as f16, position 1, column");
  CHECK(error_after([](TraceGraph& graph) { graph.is_rowwise = false; }) ==
        begin + "it is pointwise, and the op is not");
}

TEST_CASE("dtypes of reductions are those of their kind of promotion") {
  const auto result = [](const OpDef& op, DType dtype) {
    const TraceGraph graph = trace(op, std::array{tensor(dtype)});
    return std::pair(graph.nodes[0].dtype, graph.results.back().dtype);
  };
  using Pair = std::pair<DType, DType>;
  CHECK(result(ops::sum_op, Bool) == Pair(I64, I64));
  CHECK(result(ops::sum_op, U8) == Pair(I64, I64));
  CHECK(result(ops::sum_op, I32) == Pair(I64, I64));
  CHECK(result(ops::sum_op, BF16) == Pair(F32, BF16));
  CHECK(result(ops::sum_op, C32) == Pair(C64, C32));
  CHECK(result(ops::argmax_op, BF16) == Pair(F32, I64));
  CHECK(result(ops::argmax_op, Bool) == Pair(Bool, I64));
  const CallOperand absent{.kind = CallOperand::Kind::Absent};
  for (const auto& [given, accumulated] : {Pair(F16, F32), Pair(BF16, F32), Pair(F32, F32), Pair(F64, F64)})
    CHECK(trace(ops::rms_norm_op, std::array{tensor(given), absent, number(F64)}).results[1].dtype == accumulated);
}

}  // namespace
}  // namespace gems
