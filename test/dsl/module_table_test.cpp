// What GEMS_OPERATORS makes of ops, read as the C tables that it is: this program is a module.
#include "gems/dsl/module_table.h"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "calls.h"
#include "gems/dsl.h"
#include "gems/dsl/names.h"

namespace {

using namespace gems;
using namespace gems::dsl;

constexpr OpDef clamp_op = pointwise({.name = "clamp",
                                      .dtypes = {{}, F64, {}},
                                      .promotion_methods = {promote({0}, IntToFloat)},
                                      .names = {"x", "high", "mode"},
                                      .defaults = {std::nullopt, std::nullopt, "hard"},
                                      .choices = {{}, {}, {"hard", "soft"}},
                                      .accepts = Domain::Float},
                                     [](Tensor x, Scalar high, Flag mode) {
                                       const Expr bound = cast_like(high, x);
                                       return mode == "soft" ? bound * tanh(x / bound) : min(x, bound);
                                     });
constexpr OpDef two_op =
    pointwise({.name = "two", .promotion_methods = {promote({1, 0}, Default), promote({0}, Default)}},
              [](Tensor x, Tensor y) { return outputs(x + y, x - y); });
constexpr OpDef wrong_op =
    pointwise({.name = "wrong", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return x & 1; });
constexpr OpDef throwing_op =
    pointwise({.name = "throwing", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) {
      if (x.dtype() == F32) throw 7;
      if (x.dtype() == F64) throw std::out_of_range("too far");
      return -x;
    });

}  // namespace

GEMS_OPERATORS(table_test, clamp_op, two_op, wrong_op, throwing_op)

namespace {

std::string_view view(const gems_text& text) { return {text.data, text.size}; }
gems_text text_of(std::string_view text) { return {text.data(), text.size()}; }
const gems_module& table() { return *gems_operators_1(); }

TEST_CASE("the table says what the op says") {
  CHECK(gems_operators_1() == gems_operators_1());
  CHECK(table().module_size == sizeof(gems_module));
  CHECK(table().operator_size == sizeof(gems_operator));
  CHECK(table().operand_size == sizeof(gems_operand));
  CHECK(view(table().name) == "table_test");
  REQUIRE(table().operator_count == 4);

  const gems_operator& clamp = table().operators[0];
  CHECK(view(clamp.name) == "clamp");
  CHECK(view(clamp.file).ends_with("module_table_test.cpp"));
  CHECK(clamp.line == clamp_op.line);
  CHECK(view(clamp.accepts) == "Float");
  REQUIRE(clamp.operand_count == 3);
  CHECK(view(clamp.operands[0].name) == "x");
  CHECK(clamp.operands[0].kind == GEMS_OPERAND_TENSOR);
  CHECK(clamp.operands[0].dtype.size == 0);
  CHECK(clamp.operands[0].default_flag == nullptr);
  CHECK(clamp.operands[1].kind == GEMS_OPERAND_SCALAR);
  CHECK(view(clamp.operands[1].dtype) == "f64");
  CHECK(clamp.operands[2].kind == GEMS_OPERAND_FLAG);
  REQUIRE(clamp.operands[2].default_flag != nullptr);
  CHECK(clamp.operands[2].default_flag->kind == GEMS_FLAG_TEXT);
  CHECK(view(clamp.operands[2].default_flag->text) == "hard");
  REQUIRE(clamp.operands[2].choice_count == 2);
  CHECK(view(clamp.operands[2].choices[1].text) == "soft");
  REQUIRE(clamp.result_count == 1);
  CHECK(view(clamp.promotions[0].kind) == "IntToFloat");

  const gems_operator& two = table().operators[1];
  REQUIRE(two.result_count == 2);
  REQUIRE(two.promotions[0].operand_count == 2);
  CHECK(two.promotions[0].operands[0] == 1);
  CHECK(two.promotions[0].operands[1] == 0);
}

struct Answer {
  int code;
  std::string text;
};

Answer answer(const gems_operator& op, std::span<const gems_argument> arguments, std::string_view dtype,
              std::size_t results = 1) {
  const gems_result_types result{text_of(dtype), text_of(dtype), text_of(dtype)};
  const std::array all{result, result};
  const gems_call call{arguments.size(), arguments.data(), results, all.data()};
  gems_text text;
  const int code = table().trace(&op, &call, &text);
  Answer given{code, std::string(view(text))};
  table().free_text(text);
  return given;
}

gems_argument tensor_argument(std::string_view dtype) {
  return {.kind = GEMS_ARGUMENT_TENSOR, .dtype = text_of(dtype), .compute = text_of(dtype), .in_memory = 1, .flag = {}};
}

TEST_CASE("a call is traced as the op itself is") {
  gems_argument high = tensor_argument("f64");
  high.kind = GEMS_ARGUMENT_NUMBER;
  gems_argument mode{};
  mode.kind = GEMS_ARGUMENT_FLAG;
  mode.flag = {.kind = GEMS_FLAG_TEXT, .integer = 0, .text = text_of("soft")};
  const Answer traced = answer(table().operators[0], std::array{tensor_argument("f32"), high, mode}, "f32");
  CHECK(traced.code == 0);
  CHECK(traced.text ==
        to_string(trace(clamp_op, std::array{test::tensor(F32), test::number(F64), test::flag("soft")})));
  CHECK(traced.text.find("tanh") != std::string::npos);
}

TEST_CASE("a body that does not trace says so in text") {
  const Answer wrong = answer(table().operators[2], std::array{tensor_argument("f32")}, "f32");
  CHECK(wrong.code == 1);
  CHECK(wrong.text.find("module_table_test.cpp:" + std::to_string(wrong_op.line)) != std::string::npos);
  CHECK(
      wrong.text.ends_with("bit_and takes integers and bool, given operand 0 'x' of dtype f32; promote it to another "
                           "type in .promotion_methods, or cast it"));
}

TEST_CASE("nothing that a body throws gets out") {
  const gems_operator& op = table().operators[3];
  CHECK(answer(op, std::array{tensor_argument("f64")}, "f64").text == "too far");
  CHECK(answer(op, std::array{tensor_argument("f32")}, "f32").text ==
        "the body threw what is no std::exception: throw gems::Error instead");
}

TEST_CASE("a call that does not fit the table is refused") {
  const gems_operator& op = table().operators[1];
  CHECK(answer(op, std::array{tensor_argument("f32")}, "f32", 2).text ==
        "op 'two' is called with other operands or results than the module's table has");
  CHECK(answer(op, std::array{tensor_argument("f4"), tensor_argument("f4")}, "f4", 2).text ==
        "this module does not know the dtype f4: rebuild it with the gems that calls it");
}

TEST_CASE("every enumerator has a name, which finds it again") {
  for (int i = 0; i <= static_cast<int>(Domain::Complex); ++i) {
    const auto domain = static_cast<Domain>(i);
    CHECK(parse_domain(name(domain)) == domain);
  }
  for (int i = 0; i <= static_cast<int>(PromotionKind::Index); ++i) {
    const auto kind = static_cast<PromotionKind>(i);
    CHECK(parse_promotion_kind(name(kind)) == kind);
  }
  CHECK(name(Domain::FloatOrComplex) == "FloatOrComplex");
  CHECK(name(PromotionKind::ComplexToFloat) == "ComplexToFloat");
  CHECK_FALSE(parse_domain("float"));
  CHECK_FALSE(parse_promotion_kind(""));
}

TEST_CASE("an identifier is what C takes for one") {
  CHECK(is_identifier("swish_glu"));
  CHECK(is_identifier("_2"));
  CHECK_FALSE(is_identifier(""));
  CHECK_FALSE(is_identifier("2x"));
  CHECK_FALSE(is_identifier("a-b"));
  CHECK_FALSE(is_identifier("größe"));
  CHECK_FALSE(is_identifier(std::string(65, 'a')));
}

}  // namespace
