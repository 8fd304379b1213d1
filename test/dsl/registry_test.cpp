// The registry, and that the catalogue's ops can be traced.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "calls.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/ops/catalogue.h"

namespace gems {
namespace {

using namespace gems::dsl;
using namespace gems::test;

constexpr OpDef first_op =
    pointwise({.name = "first", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return x + 1; });
constexpr OpDef second_op =
    pointwise({.name = "second", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return x + 2; });
constexpr OpDef first_again_op =
    pointwise({.name = "first", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return x + 3; });

TEST_CASE("ops are found by name and listed in order") {
  Registry registry;
  registry.add(second_op);
  registry.add(first_op);
  CHECK(registry.find("first") == &first_op);
  CHECK(registry.find("firs") == nullptr);
  CHECK(registry.find("") == nullptr);
  CHECK(registry.all() == std::vector<const OpDef*>{&first_op, &second_op});
}

TEST_CASE("two ops of one name are an error that names both places") {
  Registry registry;
  registry.add(first_op);
  try {
    registry.add(first_again_op);
    FAIL("no error");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK(text.starts_with("op 'first' is defined twice: at "));
    CHECK(text.find(":" + std::to_string(first_again_op.line)) != std::string::npos);
  }
  CHECK(registry.all().size() == 1);
}

TEST_CASE("similar names come nearest first") {
  const Registry& all = ops::catalogue();
  CHECK(all.similar("gelu_an_mul").front() == "gelu_and_mul");
  CHECK(std::ranges::count(all.similar("sli"), "silu") == 0);
  CHECK(all.similar("ad") == std::vector<std::string_view>{"add"});
  CHECK(all.similar("nothing_like_this").empty());
}

TEST_CASE("every op of the catalogue is traced in the dtypes that it accepts, and names them in any other") {
  const auto error_of = [](const OpDef& op, DType dtype) -> std::string {
    std::vector<CallOperand> operands;
    for (const OperandDef& operand : op.operands)
      operands.push_back(operand.kind == OperandKind::Tensor   ? tensor(dtype)
                         : operand.kind == OperandKind::Scalar ? number(is_integral(dtype) ? I64 : F64)
                                                               : flag());
    try {
      trace(op, operands);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  for (const OpDef* op : ops::catalogue().all()) {
    CAPTURE(op->name);
    CHECK(op->file.starts_with("ops/lib/"));
    std::size_t traced = 0;
    for (const DTypeInfo& dtype : dtype_table) {
      CAPTURE(dtype.name);
      const std::string error = error_of(*op, *parse_dtype(dtype.name));
      traced += error.empty();
      // The one dtype without a zero, which the body or a condition compares with.
      if (error.find("the literal 0 does not fit f8e8m0fnu") != std::string::npos) continue;
      if (!error.empty()) CHECK(error.starts_with("op '" + std::string(op->name) + "' takes "));
    }
    CHECK(traced > 0);
  }
}

}  // namespace
}  // namespace gems
