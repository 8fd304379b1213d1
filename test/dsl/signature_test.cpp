// What a call's trace follows from: as text, each field of it; and traced.
#include "gems/dsl/signature.h"

#include <array>
#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "gems/dsl.h"

namespace gems {
namespace {

using namespace gems::dsl;

constexpr OpDef add_op = pointwise({.name = "add", .promotion_methods = {promote({0, 1}, Default)}},
                                   [](Tensor x, Tensor y) { return x + y; });
constexpr OpDef mul_op = pointwise({.name = "mul", .promotion_methods = {promote({0, 1}, Default)}},
                                   [](Tensor x, Tensor y) { return x * y; });

Signature add_signature() {
  const CallOperand operand{.kind = CallOperand::Kind::ZeroDim, .dtype = DType::F16};
  return {.op = &add_op, .default_dtype = DType::F32, .operands = {operand, operand}, .results = {DType::F16}};
}

}  // namespace

TEST_CASE("the text of a signature names its fields") {
  CHECK(to_string(add_signature()) ==
        "op add, default_dtype f32, operands [kind zero_dim, dtype f16, in_memory true, flag kind none, integer 0, "
        "chars ; kind zero_dim, dtype f16, in_memory true, flag kind none, integer 0, chars ], results [f16]");
}

TEST_CASE("signatures that differ in one field are not equal and have other texts") {
  using Change = void (*)(Signature&);
  const std::array changes{
      Change([](Signature& signature) { signature.op = &mul_op; }),
      Change([](Signature& signature) { signature.default_dtype = DType::F64; }),
      Change([](Signature& signature) { signature.operands[1].kind = CallOperand::Kind::Tensor; }),
      Change([](Signature& signature) { signature.operands[1].dtype = DType::BF16; }),
      Change([](Signature& signature) { signature.operands[1].in_memory = false; }),
      Change([](Signature& signature) { signature.operands[1].flag.kind = FlagValue::Kind::Int; }),
      Change([](Signature& signature) { signature.operands[1].flag.integer = 1; }),
      Change([](Signature& signature) { signature.operands[1].flag.chars[0] = 'a'; }),
      Change([](Signature& signature) { signature.operands = {signature.operands[0]}; }),
      Change([](Signature& signature) { signature.results[0] = DType::BF16; }),
      Change([](Signature& signature) { signature.results.push_back(DType::F16); }),
  };
  std::set<std::string> texts{to_string(add_signature())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Signature changed = add_signature();
    changes[i](changed);
    CHECK(changed != add_signature());
    CHECK(texts.insert(to_string(changed)).second);
  }
}

TEST_CASE("a signature is traced as its parts are") {
  const Signature signature = add_signature();
  CHECK(trace(signature) == trace(add_op, signature.operands, signature.results, signature.default_dtype));
}

}  // namespace gems
