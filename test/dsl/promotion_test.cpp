// resolve_types against PyTorch's own answers (promotion_table.py), and the rules for operands that no promotion names.
#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
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

constexpr std::array kinds{PromotionKind::Default,    PromotionKind::NoOpmath,       PromotionKind::IntToFloat,
                           PromotionKind::AlwaysBool, PromotionKind::ComplexToFloat, PromotionKind::BoolToLong};

CallOperand parse_participant(const std::string& text) {
  const DType dtype = parse_dtype(text.substr(2)).value();
  switch (text[0]) {
    case 'T':
      return tensor(dtype);
    case 'Z':
      return zero_dim(dtype);
    default:
      return number(dtype);
  }
}

OpDef op_promoting_all(std::size_t count, PromotionKind kind) {
  OpDef op;
  op.name = "op";
  op.operands.count = count;
  op.promotions.count = 1;
  op.promotions[0].kind = kind;
  for (std::size_t i = 0; i < count; ++i) op.promotions[0].operands[i] = static_cast<int>(i);
  op.promotions[0].operands.count = count;
  return op;
}

std::string promoted_text(const std::vector<CallOperand>& operands, PromotionKind kind, DType default_dtype) {
  try {
    const ResolvedTypes types = resolve_types(op_promoting_all(operands.size(), kind), operands, default_dtype);
    const auto compute = std::string(name(types.result_compute[0]));
    const auto result = std::string(name(types.result[0]));
    for (const DType operand : types.operand_compute)
      if (operand != types.result_compute[0]) return "operands compute in another dtype";
    return compute == result ? result : compute + ">" + result;
  } catch (const Error&) {
    return "error";
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

TEST_CASE("promotion agrees with PyTorch on every row of the table") {
  std::ifstream file(PROMOTION_TABLE);
  REQUIRE(file);
  int rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    const DType default_dtype = parse_dtype(word).value();
    std::vector<CallOperand> operands;
    while (words >> word && word != "=") operands.push_back(parse_participant(word));
    std::vector<std::string> expected;
    while (words >> word) expected.push_back(word);

    for (int order = 0; order < 2; ++order) {
      std::vector<std::string> given;
      for (std::size_t i = 0; i < expected.size(); ++i)
        given.push_back(promoted_text(operands, kinds[i], default_dtype));
      INFO(line << (order ? " (operands reversed)" : ""));
      CHECK(joined(given) == joined(expected));
      std::ranges::reverse(operands);
    }
  }
  CHECK(rows > 1500);
}

constexpr OpDef where_op = pointwise({.name = "where", .promotion_methods = {promote({1, 2}, NoOpmath)}},
                                     [](Tensor c, Tensor x, Tensor y) { return select(c, x, y); });
constexpr OpDef two_rules_op =
    pointwise({.name = "two_rules", .promotion_methods = {promote({0}, Default), promote({1, 0}, IntToFloat)}},
              [](Tensor x, Tensor y) { return outputs(x, y); });
constexpr OpDef scalars_op = pointwise({.name = "scalars",
                                        .dtypes = {{}, {}, I32},
                                        .promotion_methods = {promote({0}, IntToFloat)},
                                        .names = {"x", "a", "n"}},
                                       [](Tensor x, Scalar a, Scalar n) { return x * a + cast_like(n, x); });

TEST_CASE("a tensor that no promotion names keeps its own dtype") {
  const ResolvedTypes types = resolve_types(where_op, std::array{tensor(U8), tensor(F16), number(F64)});
  CHECK(types == ResolvedTypes{{U8, F16, F16}, {F16}, {F16}});
  CHECK(resolve_types(where_op, std::array{tensor(BF16), tensor(I32), tensor(I32)}).operand_compute[0] == BF16);
}

TEST_CASE("an operand that several promotions name computes as the first of them says") {
  const ResolvedTypes types = resolve_types(two_rules_op, std::array{tensor(I32), tensor(I64)});
  CHECK(types == ResolvedTypes{{I32, F32}, {I32, F32}, {I32, F32}});
}

TEST_CASE("a scalar takes its declared dtype, else the compute dtype of the first result") {
  const ResolvedTypes types = resolve_types(scalars_op, std::array{tensor(BF16), number(F64), number(I64)});
  CHECK(types == ResolvedTypes{{F32, F32, I32}, {F32}, {BF16}});
}

TEST_CASE("the default dtype decides where no float takes part") {
  CHECK(resolve_types(scalars_op, std::array{tensor(I64), number(I64), number(I64)}, F64).result[0] == F64);
  CHECK(resolve_types(scalars_op, std::array{tensor(Bool), number(I64), number(I64)}, BF16).result[0] == BF16);
}

std::string message_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("a combination that does not promote is an error that names op, operand and dtypes") {
  const auto call = [] { resolve_types(where_op, std::array{tensor(Bool), tensor(I32), tensor(U16)}); };
  CHECK(message_of(call) ==
        "op 'where': operand 2 'z' is u16, which does not promote with i32: u16, u32 and u64 meet only themselves and "
        "floats; convert one of the operands first");
}

TEST_CASE("a call with operands of the wrong number or kind is an error") {
  CHECK(message_of([] { resolve_types(where_op, std::array{tensor(Bool)}); }) ==
        "op 'where' takes 3 operands, given 1; pass one for each of them, flags included");
  CHECK(message_of([] { resolve_types(scalars_op, std::array{tensor(F32), tensor(F32), number(I64)}); }) ==
        "op 'scalars': operand 1 'a' is a number, given a tensor");
  CHECK(message_of([] { resolve_types(scalars_op, std::array{tensor(F32), zero_dim(F32), number(I64)}); }) ==
        "op 'scalars': operand 1 'a' is a number, given a 0-dim tensor in memory");
  CHECK(message_of([] { resolve_types(scalars_op, std::array{flag(), number(F64), number(I64)}); }) ==
        "op 'scalars': operand 0 'x' is a tensor or a number, given a flag");
}

constexpr OpDef scaled_op = pointwise({.name = "scaled", .promotion_methods = {promote({0}, Default)}},
                                      [](Tensor x, Scalar a) { return x * a; });

TEST_CASE("a number that would lose its fraction or its imaginary part is an error") {
  const auto message = [](DType dtype, DType given) {
    return message_of([=] { resolve_types(scaled_op, std::array{tensor(dtype), number(given)}); });
  };
  CHECK(message(I32, F64) ==
        "op 'scaled': operand 1 'a' is a float number, used in i32: pass an integer, or convert the tensors to floats "
        "first");
  CHECK(message(BF16, C128) ==
        "op 'scaled': operand 1 'a' is a complex number, used in f32: pass a real one, or convert the tensors to "
        "complex numbers first");
  for (const DType given : {Bool, I64, U64}) CHECK(message(I8, given) == "no error");
  CHECK(message(F16, F64) == "no error");
  CHECK(message(C64, C128) == "no error");
  CHECK(message_of([] { resolve_types(scalars_op, std::array{tensor(F32), number(C128), number(I64)}); }) !=
        "no error");
}

constexpr OpDef choosing_op = pointwise({.name = "choosing",
                                         .promotion_methods = {promote({0}, Default)},
                                         .names = {"x", "mode", "count"},
                                         .defaults = {{}, "plain", {}},
                                         .choices = {{}, {"plain", "twice"}, {1, 2, -3}},
                                         .accepts = Domain::Real},
                                        [](Tensor x, Flag mode, Flag count) { return mode == "twice" ? x + x : -x; });

TEST_CASE("a flag that is no choice, and a dtype that is not accepted, are errors that say what is") {
  const auto message = [](DType dtype, FlagValue mode, FlagValue count) {
    return message_of([=] { resolve_types(choosing_op, std::array{tensor(dtype), flag(mode), flag(count)}); });
  };
  CHECK(message(F32, "twice", 2) == "no error");
  CHECK(message(F32, {}, -3) == "no error");
  CHECK(message(F32, "thrice", 2) == "op 'choosing': operand 1 'mode' is \"thrice\", expected \"plain\" or \"twice\"");
  CHECK(message(F32, "twice", 3) == "op 'choosing': operand 2 'count' is 3, expected 1 or 2 or -3");
  CHECK(message(F32, "twice", {}) == "op 'choosing': operand 2 'count' is None, expected 1 or 2 or -3");
  CHECK(message(C64, "twice", 1) == "op 'choosing' takes integers and floats: operand 0 'x' is c64, convert it first");
}

}  // namespace
}  // namespace gems
