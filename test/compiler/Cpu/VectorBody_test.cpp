// Every scalar operation on every dtype of its domain, as a kernel of its own, against the interpreter: exact, but for
// the functions that ExpandMath_test measures.
#include <catch2/catch_test_macros.hpp>
#include <string_view>

#include "gems/dsl/domain.h"
#include "harness.h"
#include "kernels.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

struct OpRow {
  ScalarOp op;
  Domain domain;
  std::string_view result;
};
constexpr OpRow op_rows[] = {
#define GEMS_SCALAR_OP(Name, text, arity, domain, result, cost) {ScalarOp::Name, Domain::domain, #result},
#include "gems/dsl/scalar_ops.def"
};

DType result_of(std::string_view rule, DType t) {
  if (rule == "Bool") return DType::Bool;
  if (rule == "RealPart") return real_of(t);
  if (rule == "ComplexOf") return complex_of(t);
  return t;
}

// Those whose f32 kernels are within 1.5 units of the last place; the interpreter's rounding adds half a unit.
bool is_function(ScalarOp op) {
  switch (op) {
    case ScalarOp::Rsqrt:
    case ScalarOp::Sigmoid:
    case ScalarOp::Pow:
    case ScalarOp::Atan2:
      return true;
    default:
      return op >= ScalarOp::Exp && op <= ScalarOp::Erfc;
  }
}

}  // namespace

TEST_CASE("each scalar operation agrees with the interpreter on each dtype") {
  std::mt19937 random(7);
  for (const OpRow& row : op_rows) {
    if (row.op <= ScalarOp::Select || is_rowwise(row.op)) continue;  // below, and in tests of rows
    for (std::size_t t = 0; t < DTypeCount; ++t) {
      const auto dtype = static_cast<DType>(t);
      if (!contains(row.domain, dtype) || dtype == DType::C32) continue;
      if (is_bool(dtype) && (row.op == ScalarOp::Shl || row.op == ScalarOp::Shr)) continue;  // bool has no width
      if (is_complex(dtype) && is_function(row.op)) continue;  // expanded by the passes, which have tests of their own
      TraceGraph graph = empty_trace(std::string(name(row.op)));
      std::vector<std::int32_t> args;
      for (int i = 0; i < arity(row.op); ++i) args.push_back(add_operand(graph, dtype, dtype));
      const DType result = result_of(row.result, dtype);
      add_result(graph, add_node(graph, row.op, result, args), result);

      Case test = uniform_case(graph, Step::Contiguous, random);
      if (is_function(row.op) && is_float(dtype)) test.tolerance.ulps = row.op == ScalarOp::Sigmoid ? 3 : 2;
      if (is_complex(dtype)) {
        test.tame = true;
        test.tolerance.relative = dtype == DType::C64 ? 0x1p-20 : 0x1p-49;
      }
      CHECK(first_difference(graph, test, {500}, 11) == "");
    }
  }
}

TEST_CASE("each pair of dtypes converts as the interpreter does") {
  std::mt19937 random(3);
  for (std::size_t from = 0; from < DTypeCount; ++from)
    for (std::size_t to = 0; to < DTypeCount; ++to) {
      const TraceGraph graph = conversion(static_cast<DType>(from), static_cast<DType>(to));
      CHECK(first_difference(graph, uniform_case(graph, Step::Contiguous, random), {300}, 5) == "");
    }
}

TEST_CASE("bits are those of the interpreter, both ways") {
  std::mt19937 random(3);
  for (const TraceGraph& graph : all_bit_casts()) {
    INFO(to_string(graph));
    CHECK(first_difference(graph, uniform_case(graph, Step::Contiguous, random), {300}, 5) == "");
  }
}

TEST_CASE("select takes its branches as they are") {
  std::mt19937 random(3);
  for (std::size_t t = 0; t < DTypeCount; ++t) {
    const auto dtype = static_cast<DType>(t);
    TraceGraph graph = empty_trace("select");
    const std::int32_t condition = add_operand(graph, DType::Bool, DType::Bool);
    const std::int32_t a = add_operand(graph, dtype, dtype), b = add_operand(graph, dtype, dtype);
    add_result(graph, add_node(graph, ScalarOp::Select, dtype, {condition, a, b}), dtype);
    CHECK(first_difference(graph, uniform_case(graph, Step::Contiguous, random), {100}, 5) == "");
  }
}

}  // namespace gems::test
