// Every op of the catalogue, in every layout and on many dtypes, against the interpreter.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <optional>

#include "gems/dsl/error.h"
#include "gems/ops/catalogue.h"
#include "harness.h"
#include "targets.h"

namespace gems::test {
namespace {

constexpr DType dtypes[] = {DType::F32, DType::BF16, DType::F16,  DType::F64, DType::I32,
                            DType::U8,  DType::I64,  DType::Bool, DType::C64};

bool is_function(const TraceNode& node) {
  return (node.op >= ScalarOp::Rsqrt && node.op <= ScalarOp::Erfc) || node.op == ScalarOp::Pow ||
         node.op == ScalarOp::Atan2;
}

bool is_inexact(const TraceGraph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const TraceNode& node) {
    return is_complex(node.dtype) || (is_function(node) && is_float(node.dtype));
  });
}

// Complex functions are sums of real ones, which magnify errors; the passes that expand them have tests of their own.
bool has_complex_function(const TraceGraph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const TraceNode& node) { return is_function(node) && is_complex(node.dtype); });
}

// The op on tensors of one dtype; the last Tensor operand may be a number instead. Nothing when it does not promote.
std::optional<TraceGraph> trace_op(const OpDef& op, DType dtype, bool last_is_number, const char* flag) {
  std::vector<CallOperand> operands;
  std::size_t last_tensor = 0;
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    if (op.operands[i].kind == OperandKind::Tensor) last_tensor = i;
  if (last_is_number && last_tensor == 0) return std::nullopt;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const OperandDef& operand = op.operands[i];
    if (operand.kind == OperandKind::Flag)
      operands.push_back({.kind = CallOperand::Kind::Flag, .flag = FlagValue(flag)});
    else if (operand.kind == OperandKind::Scalar || (last_is_number && i == last_tensor))
      operands.push_back({.kind = CallOperand::Kind::Number, .dtype = DType::I64});
    else
      operands.push_back({.kind = CallOperand::Kind::Tensor, .dtype = dtype});
  }
  try {
    TraceGraph graph = trace(op, operands);
    if (has_complex_function(graph)) return std::nullopt;
    return graph;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// An error of a few units of the last place of f32 in the largest intermediate value, and the rounding of the result.
Tolerance tolerance_of(const TraceGraph& graph) {
  if (!is_inexact(graph)) return {};
  const bool is_wide = graph.results[0].dtype == DType::F64;
  return {.ulps = 1, .relative = is_wide ? 0x1p-49 : 0x1p-20};
}

Case mixed_case(const TraceGraph& graph, std::mt19937& random) {
  Case test = uniform_case(graph, Step::Strided, random);
  for (std::size_t i = 0; i < test.layout.operands.size(); ++i)
    test.layout.operands[i] = std::array{Step::Contiguous, Step::Broadcast, Step::Strided}[random() % 3];
  for (std::size_t i = 0; i < test.layout.results.size(); ++i)
    test.layout.results[i] = std::array{Step::Contiguous, Step::Strided}[random() % 2];
  return test;
}

}  // namespace

TEST_CASE("each op of the catalogue agrees with the interpreter in each layout") {
  std::mt19937 random(1);
  const std::vector<std::int64_t> counts = {0, 1, 7, 16, 33, 130};
  std::size_t kernels = 0;
  for (const OpDef* op : ops::catalogue().all())
    for (const DType dtype : dtypes)
      for (const bool last_is_number : {false, true})
        for (const char* flag : {"none", "tanh"}) {
          if (flag != std::string_view("none") &&
              std::none_of(op->operands.begin(), op->operands.end(),
                           [](const OperandDef& operand) { return operand.kind == OperandKind::Flag; }))
            continue;
          const std::optional<TraceGraph> graph = trace_op(*op, dtype, last_is_number, flag);
          if (!graph) continue;
          std::vector<Case> cases = {mixed_case(*graph, random)};
          if (!last_is_number) cases.push_back(uniform_case(*graph, Step::Contiguous, random));
          for (Case& test : cases) {
            test.tolerance = tolerance_of(*graph);
            test.tame = is_inexact(*graph);
            test.shift_bytes = random() % 2;
            CHECK(first_difference(*graph, test, counts, 9) == "");
            ++kernels;
          }
        }
  CHECK(kernels > 500);
}

TEST_CASE("every count around the vector width is right, for every width") {
  for (const DType dtype :
       {DType::Bool, DType::U8, DType::I16, DType::F16, DType::F32, DType::F64, DType::C64, DType::C128}) {
    std::mt19937 random(2);
    const std::optional<TraceGraph> graph = trace_op(*ops::catalogue().find("copy"), dtype, false, "");
    REQUIRE(graph);
    std::vector<std::int64_t> counts(140);
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<std::int64_t>(i);
    for (const Step step : {Step::Contiguous, Step::Strided})
      for (const std::size_t shift : {0, 1, 3}) {
        Case test = uniform_case(*graph, step, random);
        test.shift_bytes = shift;
        CHECK(first_difference(*graph, test, counts, 4) == "");
      }
  }
}

TEST_CASE("a result may be the memory of an operand") {
  std::mt19937 random(5);
  for (const char* name : {"add", "mul", "gelu", "bitwise_xor"})
    for (const DType dtype : {DType::F32, DType::BF16, DType::I64, DType::U8}) {
      const std::optional<TraceGraph> graph = trace_op(*ops::catalogue().find(name), dtype, false, "none");
      if (!graph || graph->results[0].dtype != dtype) continue;
      for (const Step step : {Step::Contiguous, Step::Strided}) {
        Case test = uniform_case(*graph, step, random);
        test.strides_elems.back() = test.strides_elems[0];
        test.in_place = true;
        test.tame = true;
        test.tolerance = tolerance_of(*graph);
        CHECK(first_difference(*graph, test, {1, 15, 16, 17, 64, 101}, 8) == "");
      }
    }
}

TEST_CASE("processors with narrower vectors and without f16 conversions give the same") {
  const cpu::Target narrow = narrow_target();
  REQUIRE(narrow.vectorUnit().bytes == 32);
  std::mt19937 random(6);
  for (const char* name : {"exp", "erf", "tanh", "sin", "pow", "gelu", "add", "copy", "div_floor", "relu"})
    for (const DType dtype : dtypes) {
      const std::optional<TraceGraph> graph = trace_op(*ops::catalogue().find(name), dtype, false, "none");
      if (!graph) continue;
      Case test = mixed_case(*graph, random);
      test.tolerance = tolerance_of(*graph);
      test.tame = is_inexact(*graph);
      CHECK(first_difference(*graph, test, {1, 33, 300}, 12, narrow) == "");
    }
}

}  // namespace gems::test
