// What a run of a body records: nodes, implicit casts, literals, flags, result dtypes, and the messages of mistakes.
#include <array>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "calls.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"

namespace gems {
namespace {

using namespace gems::dsl;
using namespace gems::test;

std::string error_of(const OpDef& op, std::vector<CallOperand> operands, std::vector<DType> results = {}) {
  try {
    trace(op, operands, results);
  } catch (const Error& error) {
    const std::string text = error.what();
    // Without where the op is defined: "op 'name' (file:line): text".
    const std::size_t from = text.find(" ("), to = text.find("): ");
    return from < to && to != std::string::npos ? text.substr(0, from) + text.substr(to + 1) : text;
  }
  return "no error";
}

constexpr OpDef silu_op = pointwise({.name = "silu", .promotion_methods = {promote({0}, Default)}},
                                    [](Tensor x) { return x / (1 + exp(-x)); });

TEST_CASE("a trace lists operands, nodes and results in the compute dtype") {
  CHECK(to_string(trace(silu_op, std::array{tensor(F16)})) ==
        "op silu\n"
        "operand x tensor f16 as f32, position 0\n"
        "%0 = operand x : f32\n"
        "%1 = neg %0 : f32\n"
        "%2 = exp %1 : f32\n"
        "%3 = literal 0x1p+0 : f32\n"
        "%4 = add %3, %2 : f32\n"
        "%5 = div %0, %4 : f32\n"
        "result out %5 as f16\n");
}

TEST_CASE("a trace says where its op is defined") {
  const TraceGraph graph = trace(silu_op, std::array{tensor(F32)});
  CHECK(graph.file.ends_with("trace_test.cpp"));
  CHECK(graph.line == silu_op.line);
  CHECK(graph.line > 0);
}

TEST_CASE("equal calls give equal traces, others do not") {
  CHECK(trace(silu_op, std::array{tensor(F16)}) == trace(silu_op, std::array{tensor(F16)}));
  CHECK(trace(silu_op, std::array{tensor(F16)}) != trace(silu_op, std::array{tensor(BF16)}));
}

TEST_CASE("a trace that differs in one field has another text") {
  const TraceGraph base{
      .op = "op",
      .file = "op.cpp",
      .line = 1,
      .operands = {{"x", OperandForm::Tensor, DType::F16, DType::F32, 0, Extent::Element}},
      .nodes = {{.op = ScalarOp::Operand, .dtype = DType::F32, .operand = 0},
                {.op = ScalarOp::Literal, .dtype = DType::I32, .constant = {.integer = 1}},
                {.op = ScalarOp::Literal, .dtype = DType::C64, .constant = {.real = 1, .imag = 1}},
                {.op = ScalarOp::Reduce, .dtype = DType::F32, .args = {0, -1, -1}, .reduce = ReduceOp::Sum}},
      .results = {{"out", 3, DType::F16, Extent::Row}},
      .is_rowwise = true};
  using Change = void (*)(TraceGraph&);
  const std::array changes{
      Change([](TraceGraph& graph) { graph.op = "other"; }),
      Change([](TraceGraph& graph) { graph.operands[0].name = "y"; }),
      Change([](TraceGraph& graph) { graph.operands[0].form = OperandForm::Number; }),
      Change([](TraceGraph& graph) { graph.operands[0].storage = DType::BF16; }),
      Change([](TraceGraph& graph) { graph.operands[0].compute = DType::F64; }),
      Change([](TraceGraph& graph) { graph.operands[0].position = 1; }),
      Change([](TraceGraph& graph) { graph.operands[0].extent = Extent::Row; }),
      Change([](TraceGraph& graph) { graph.nodes[3].op = ScalarOp::Neg; }),
      Change([](TraceGraph& graph) { graph.nodes[0].dtype = DType::F64; }),
      Change([](TraceGraph& graph) { graph.nodes[3].args[0] = 1; }),
      Change([](TraceGraph& graph) {
        graph.operands.push_back({"y", OperandForm::Tensor, DType::F16, DType::F32, 1, Extent::Element});
      }),
      Change([](TraceGraph& graph) {
        graph.operands.push_back({"y", OperandForm::Tensor, DType::F16, DType::F32, 1, Extent::Element});
        graph.nodes[0].operand = 1;
      }),
      Change([](TraceGraph& graph) { graph.nodes[1].constant.integer = 2; }),
      Change([](TraceGraph& graph) { graph.nodes[2].constant.real = 2; }),
      Change([](TraceGraph& graph) { graph.nodes[2].constant.imag = 2; }),
      Change([](TraceGraph& graph) { graph.nodes[3].reduce = ReduceOp::Max; }),
      Change([](TraceGraph& graph) { graph.nodes[3].part = 1; }),
      Change([](TraceGraph& graph) { graph.results[0].name = "out0"; }),
      Change([](TraceGraph& graph) { graph.results[0].node = 2; }),
      Change([](TraceGraph& graph) { graph.results[0].dtype = DType::BF16; }),
      Change([](TraceGraph& graph) { graph.results[0].extent = Extent::Column; }),
      Change([](TraceGraph& graph) { graph.is_rowwise = false; }),
  };
  std::set<std::string> texts{to_string(base)};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    TraceGraph changed = base;
    changes[i](changed);
    CHECK(texts.insert(to_string(changed)).second);
  }
  TraceGraph moved = base;
  moved.file = "other.cpp";
  moved.line = 2;
  CHECK(to_string(moved) == to_string(base));
}

constexpr OpDef add_op =
    pointwise({.name = "add", .promotion_methods = {promote({0, 1}, Default)}, .names = {"x", "y", "alpha"}},
              [](Tensor x, Tensor y, Scalar alpha) { return x + y * alpha; });

TEST_CASE("numbers and CPU 0-dim tensors become parameters in the compute dtype") {
  const TraceGraph with_number = trace(add_op, std::array{tensor(F16), number(F64), number(I64)});
  CHECK(with_number.operands[0] == TraceOperand{"x", OperandForm::Tensor, F16, F32, 0});
  CHECK(with_number.operands[1] == TraceOperand{"y", OperandForm::Number, F32, F32, 1});
  CHECK(with_number.operands[2] == TraceOperand{"alpha", OperandForm::Number, F32, F32, 2});
  const TraceGraph with_zero_dim = trace(add_op, std::array{tensor(F16), zero_dim(F64, false), number(I64)});
  CHECK(with_zero_dim.operands[1] == TraceOperand{"y", OperandForm::Number, F32, F32, 1});
  CHECK(trace(add_op, std::array{tensor(F16), zero_dim(F64), number(I64)}).operands[1] ==
        TraceOperand{"y", OperandForm::Tensor, F64, F32, 1});
}

TEST_CASE("a result stored into another dtype is first rounded to the promoted one") {
  const TraceGraph graph = trace(add_op, std::array{tensor(F16), tensor(F16), number(I64)}, std::array{F32});
  CHECK(graph.results[0].dtype == F32);
  const TraceNode& node = graph.nodes[static_cast<std::size_t>(graph.results[0].node)];
  CHECK(node.op == ScalarOp::Cast);
  CHECK(node.dtype == F16);
  CHECK(error_of(add_op, {tensor(F16), tensor(F16), number(I64)}, {F32, F32}) ==
        "op 'add' has 1 results, given 2 result dtypes; pass one for each, or none");
}

constexpr OpDef two_op =
    pointwise({.name = "two", .promotion_methods = {promote({0}, Default), promote({0}, AlwaysBool)}},
              [](Tensor x) { return outputs(x + 1, x > 0); });

TEST_CASE("several results are numbered") {
  const TraceGraph graph = trace(two_op, std::array{tensor(I32)});
  REQUIRE(graph.results.size() == 2);
  CHECK(graph.results[0].name == "out0");
  CHECK(graph.results[0].dtype == I32);
  CHECK(graph.results[1].name == "out1");
  CHECK(graph.results[1].dtype == Bool);
}

constexpr OpDef mixed_op = pointwise({.name = "mixed", .promotion_methods = {promote({0}, NoOpmath)}},
                                     [](Tensor x, Tensor y) { return x + y; });

DType sum_dtype(DType x, DType y) {
  const TraceGraph graph = trace(mixed_op, std::array{tensor(x), tensor(y)});
  return graph.nodes[static_cast<std::size_t>(graph.results[0].node)].dtype;
}

TEST_CASE("values of different dtypes meet in their common dtype") {
  CHECK(sum_dtype(I64, F16) == F16);
  CHECK(sum_dtype(F16, BF16) == F32);
  CHECK(sum_dtype(U8, I8) == I16);
  CHECK(sum_dtype(F64, C64) == C128);
  CHECK(sum_dtype(F16, C32) == C32);
  CHECK(sum_dtype(BF16, C32) == C64);
  CHECK(sum_dtype(Bool, I8) == I8);
  CHECK(sum_dtype(U16, F32) == F32);
  CHECK(to_string(trace(mixed_op, std::array{tensor(I32), tensor(F32)})) ==
        "op mixed\n"
        "operand x tensor i32 as i32, position 0\n"
        "operand y tensor f32 as f32, position 1\n"
        "%0 = operand x : i32\n"
        "%1 = operand y : f32\n"
        "%2 = cast %0 : f32\n"
        "%3 = add %2, %1 : f32\n"
        "result out %3 as i32\n");
  CHECK(error_of(mixed_op, {tensor(U16), tensor(I32)}) ==
        "op 'mixed': add of operand 0 'x' of dtype u16 and operand 1 'y' of dtype i32: they have no common type; cast "
        "one of them");
}

constexpr OpDef casts_op = pointwise({.name = "casts", .promotion_methods = {promote({0}, NoOpmath)}},
                                     [](Tensor x) { return cast(cast(x, x.dtype()), F32); });

TEST_CASE("a cast to the same dtype vanishes") {
  CHECK(trace(casts_op, std::array{tensor(F32)}).nodes.size() == 1);
  CHECK(trace(casts_op, std::array{tensor(F16)}).nodes.size() == 2);
}

constexpr OpDef bits_op =
    pointwise({.name = "bits", .promotion_methods = {promote({0}, NoOpmath)}},
              [](Tensor x, Flag bits) { return cast_like(bit_cast(x, static_cast<DType>(bits.as_int())), x); });

FlagValue as_flag(DType dtype) { return static_cast<int>(dtype); }

TEST_CASE("a bit_cast keeps the size") {
  CHECK(to_string(trace(bits_op, std::array{tensor(BF16), flag(as_flag(U16))})) ==
        "op bits\n"
        "operand x tensor bf16 as bf16, position 0\n"
        "%0 = operand x : bf16\n"
        "%1 = bit_cast %0 : u16\n"
        "%2 = cast %1 : bf16\n"
        "result out %2 as bf16\n");
  CHECK(trace(bits_op, std::array{tensor(F32), flag(as_flag(F32))}).nodes.size() == 1);
  CHECK(
      error_of(bits_op, {tensor(F16), flag(as_flag(U32))}) ==
      "op 'bits': bit_cast of operand 0 'x' of dtype f16 to u32: 2 bytes are not 4; cast to a type of that size first");
  CHECK(error_of(bits_op, {tensor(Bool), flag(as_flag(U8))}) ==
        "op 'bits': bit_cast of operand 0 'x' of dtype bool to u8: it takes integers and floats; cast to one of them");
  CHECK(error_of(bits_op, {tensor(U64), flag(as_flag(C64))}) ==
        "op 'bits': bit_cast of operand 0 'x' of dtype u64 to c64: it takes integers and floats; cast to one of them");
}

constexpr OpDef literal_bits_op = pointwise({.name = "literal_bits", .promotion_methods = {promote({0}, NoOpmath)}},
                                            [](Tensor x) { return x + bit_cast(1.0f, I32); });

TEST_CASE("a literal has no bits") {
  CHECK(error_of(literal_bits_op, {tensor(I32)}) ==
        "bit_cast takes a traced value: a literal has no bits of its own, write them as an integer literal");
}

constexpr OpDef truth_op = pointwise({.name = "truth", .promotion_methods = {promote({0}, AlwaysBool)}},
                                     [](Tensor x) { return logical_and(x, logical_not(x)); });
constexpr OpDef select_op = pointwise({.name = "select", .promotion_methods = {promote({0}, Default)}},
                                      [](Tensor x, Tensor c) { return select(c, 1, 0); });

TEST_CASE("a condition that is not bool is compared with zero") {
  CHECK(trace(truth_op, std::array{tensor(Bool)}).nodes.size() == 3);  // x, bit_not, bit_and
  const TraceGraph graph = trace(select_op, std::array{tensor(F16), tensor(C64)});
  CHECK(graph.nodes[2].op == ScalarOp::Literal);
  CHECK(graph.nodes[2].dtype == C64);
  CHECK(graph.nodes[3].op == ScalarOp::Ne);
}

TEST_CASE("literals that meet no value take the compute dtype of the result") {
  const TraceGraph graph = trace(select_op, std::array{tensor(F16), tensor(Bool)});
  CHECK(graph.nodes.back().op == ScalarOp::Select);
  CHECK(graph.nodes.back().dtype == F32);
}

constexpr OpDef constant_op = pointwise({.name = "constant", .promotion_methods = {promote({0}, Default)}},
                                        [](Tensor x) { return Expr(3) * 7 + 0.5; });
constexpr OpDef false_op =
    pointwise({.name = "false", .promotion_methods = {promote({0}, AlwaysBool)}}, [](Tensor x) { return Expr(false); });

TEST_CASE("operations on literals alone are computed at once") {
  const TraceGraph graph = trace(constant_op, std::array{tensor(BF16)});
  CHECK(graph.nodes.back().op == ScalarOp::Literal);
  CHECK(graph.nodes.back().dtype == F32);
  CHECK(graph.nodes.back().constant == Constant{0, 21.5, 0});
  CHECK(
      error_of(constant_op, {tensor(I32)}) ==
      "op 'constant': the literal 21.5 does not fit i32: it is a float; cast the other value to a float type first, or "
      "write an integer");
  CHECK(trace(false_op, std::array{tensor(F32)}).nodes.back().dtype == Bool);
}

constexpr OpDef plus_300_op =
    pointwise({.name = "plus_300", .promotion_methods = {promote({0}, NoOpmath)}}, [](Tensor x) { return x + 300; });
constexpr OpDef times_third_op = pointwise({.name = "times_third", .promotion_methods = {promote({0}, NoOpmath)}},
                                           [](Tensor x) { return x * (1.0 / 3); });
constexpr OpDef large_op =
    pointwise({.name = "large", .promotion_methods = {promote({0}, NoOpmath)}}, [](Tensor x) { return x * 1e30; });
constexpr OpDef infinite_op = pointwise({.name = "infinite", .promotion_methods = {promote({0}, NoOpmath)}},
                                        [](Tensor x) { return x * std::numeric_limits<double>::infinity(); });
constexpr OpDef odd_op =
    pointwise({.name = "odd", .promotion_methods = {promote({0}, NoOpmath)}}, [](Tensor x) { return x + 16777217; });
constexpr OpDef minus_one_op =
    pointwise({.name = "minus_one", .promotion_methods = {promote({0}, NoOpmath)}}, [](Tensor x) { return x + (-1); });
constexpr OpDef huge_op = pointwise({.name = "huge", .promotion_methods = {promote({0}, NoOpmath)}},
                                    [](Tensor x) { return x + std::numeric_limits<std::uint64_t>::max(); });

TEST_CASE("literals take the dtype of what they meet, rounded") {
  CHECK(trace(plus_300_op, std::array{tensor(I16)}).nodes[1].constant == Constant{300, 0, 0});
  CHECK(trace(times_third_op, std::array{tensor(F32)}).nodes[1].constant.real == double(1.0f / 3));
  CHECK(trace(times_third_op, std::array{tensor(BF16)}).nodes[1].constant.real == 0x1.56p-2);
  CHECK(trace(times_third_op, std::array{tensor(C64)}).nodes[1].constant == Constant{0, double(1.0f / 3), 0});
  CHECK(trace(infinite_op, std::array{tensor(F16)}).nodes[1].constant.real == std::numeric_limits<double>::infinity());
  CHECK(trace(odd_op, std::array{tensor(F64)}).nodes[1].constant.real == 16777217);
  CHECK(trace(huge_op, std::array{tensor(U64)}).nodes[1].constant.integer == -1);
  CHECK(trace(minus_one_op, std::array{tensor(I64)}).nodes[1].constant.integer == -1);
}

TEST_CASE("a literal that does not fit is an error that says why") {
  CHECK(error_of(plus_300_op, {tensor(U8)}) ==
        "op 'plus_300': add with operand 0 'x' of dtype u8: the literal 300 does not fit u8: it is out of range; write "
        "one in range, or cast the other value to a wider type first");
  CHECK(
      error_of(times_third_op, {tensor(I64)}).find("the literal 0.3333333333333333 does not fit i64: it is a float") !=
      std::string::npos);
  CHECK(error_of(large_op, {tensor(F16)}).find("the literal 1e+30 does not fit f16: it is out of range") !=
        std::string::npos);
  CHECK(error_of(odd_op, {tensor(F32)}).find("the literal 16777217 does not fit f32: it is not exact there") !=
        std::string::npos);
  for (const DType dtype : {U8, U16, U32, U64}) CHECK(error_of(minus_one_op, {tensor(dtype)}) != "no error");
  for (const DType dtype : {I64, I8, U32, F32, F64, C64}) {
    CAPTURE(name(dtype));
    CHECK(error_of(huge_op, {tensor(dtype)}).find("the literal 18446744073709551615 does not fit") !=
          std::string::npos);
  }
}

TEST_CASE("an operation outside its domain is an error that names the operand") {
  CHECK(error_of(silu_op, {tensor(I32)}) ==
        "op 'silu': exp takes floats and complex numbers, given a neg of dtype i32; promote it to another type in "
        ".promotion_methods, or cast it");
  CHECK(
      error_of(silu_op, {tensor(Bool)}) ==
      "op 'silu': neg takes integers, floats and complex numbers, not bool, given operand 0 'x' of dtype bool; promote "
      "it to another type in .promotion_methods, or cast it");
  CHECK(error_of(two_op, {tensor(C64)}).find("gt takes anything but complex numbers") != std::string::npos);
}

constexpr OpDef dtype_op = pointwise({.name = "dtype", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) {
  if (is_bool(x.dtype())) return ~x;
  return -x;
});
constexpr OpDef literal_dtype_op = pointwise({.name = "literal_dtype", .promotion_methods = {promote({0}, Default)}},
                                             [](Tensor x) { return is_bool(Expr(1).dtype()) ? x : x + 1; });

TEST_CASE("a body may branch on the dtype of a value") {
  CHECK(trace(dtype_op, std::array{tensor(Bool)}).nodes[1].op == ScalarOp::BitNot);
  CHECK(trace(dtype_op, std::array{tensor(F32)}).nodes[1].op == ScalarOp::Neg);
  CHECK(error_of(literal_dtype_op, {tensor(F32)}).starts_with("a literal has no dtype until it meets a traced value"));
}

constexpr OpDef flags_op = pointwise({.name = "flags",
                                      .promotion_methods = {promote({0}, Default)},
                                      .names = {"x", "mode", "count", "twice"},
                                      .defaults = {{}, "plain", 1, {}}},
                                     [](Tensor x, Flag mode, Flag count, Flag twice) -> Expr {
                                       Expr value = mode == "exp" ? exp(x) : Expr(x);
                                       for (std::int64_t i = 0; i < count.as_int(); ++i) value = value + i;
                                       if (twice.is_none()) return value;
                                       return twice ? value * 2 : value * 3;
                                     });

TEST_CASE("flags shape the trace and are not in it") {
  const auto nodes = [](FlagValue mode, FlagValue count, FlagValue twice) {
    const TraceGraph graph = trace(flags_op, std::array{tensor(F32), flag(mode), flag(count), flag(twice)});
    CHECK(graph.operands.size() == 1);
    return graph.nodes;
  };
  CHECK(nodes({}, {}, {}).size() == 3);  // x, 0, add: the defaults
  CHECK(nodes("exp", 2, {}).size() == 6);
  CHECK(nodes("exp", 0, {})[1].op == ScalarOp::Exp);
  CHECK(nodes({}, 0, true).back().op == ScalarOp::Mul);
  CHECK(nodes({}, 0, true)[1].constant.real == 2);
  CHECK(nodes({}, 0, false)[1].constant.real == 3);
}

}  // namespace
}  // namespace gems
