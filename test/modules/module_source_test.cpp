// The ops of a module are ops: metadata, promotion and traces are those that the module's source says.
#include <array>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "gems/modules/load_module.h"

namespace gems {
namespace {

const Module& module_of(const std::string& name) { return load_module(MODULES + name + ".so"); }

CallOperand tensor(DType dtype) { return {.kind = CallOperand::Kind::Tensor, .dtype = dtype}; }
CallOperand number(DType dtype) { return {.kind = CallOperand::Kind::Number, .dtype = dtype}; }
CallOperand flag(FlagValue value = {}) { return {.kind = CallOperand::Kind::Flag, .flag = value}; }

std::string error_of(const OpDef& op, std::span<const CallOperand> operands) {
  try {
    trace(op, operands);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("a module's op has the metadata of its source") {
  const OpDef& op = *module_of("sample_ops").ops[0];
  CHECK(op.name == "swish_glu");
  CHECK(op.file.ends_with("sample_ops.cpp"));
  CHECK(op.line > 0);
  CHECK(op.accepts == Domain::Float);
  REQUIRE(op.operands.size() == 4);
  CHECK(op.operands[1].name == "gate");
  CHECK(op.operands[2].kind == OperandKind::Scalar);
  CHECK(op.operands[3].kind == OperandKind::Flag);
  CHECK(op.operands[3].default_flag == FlagValue("exact"));
  CHECK(op.operands[3].choices.size() == 2);
  REQUIRE(op.promotions.size() == 1);
  CHECK(op.promotions[0].operands.size() == 2);
}

TEST_CASE("a call of a module's op is traced in the module") {
  const OpDef& op = *module_of("sample_ops").ops[0];
  const TraceGraph graph = trace(op, std::array{tensor(DType::F16), tensor(DType::F32), number(DType::F64), flag()});
  CHECK(graph.file == op.file);
  CHECK(graph.line == op.line);
  CHECK(to_string(graph) ==
        "op swish_glu\n"
        "operand x tensor f16 as f32, position 0\n"
        "operand gate tensor f32 as f32, position 1\n"
        "operand beta number f32 as f32, position 2\n"
        "%0 = operand x : f32\n"
        "%1 = operand gate : f32\n"
        "%2 = operand beta : f32\n"
        "%3 = mul %1, %0 : f32\n"
        "%4 = mul %2, %0 : f32\n"
        "%5 = sigmoid %4 : f32\n"
        "%6 = mul %3, %5 : f32\n"
        "result out %6 as f32\n");
}

TEST_CASE("flags, numbers in a tensor's place, 0-dim tensors and given results reach the module") {
  const OpDef& op = *module_of("sample_ops").ops[0];
  const CallOperand parameter{.kind = CallOperand::Kind::ZeroDim, .dtype = DType::F64, .in_memory = false};
  const TraceGraph graph =
      trace(op, std::array{tensor(DType::F16), parameter, number(DType::I64), flag("hard")}, std::array{DType::F64});
  CHECK(graph.operands[1] == TraceOperand{"gate", OperandForm::Number, DType::F32, DType::F32, 1});
  CHECK(graph.results[0].dtype == DType::F64);
  CHECK(to_string(graph).find("sigmoid") == std::string::npos);
  CHECK(to_string(graph).find("cast %") != std::string::npos);
  const OpDef& two = *module_of("sample_ops").ops[1];
  CHECK(trace(two, std::array{tensor(DType::I32), number(DType::I64)}).results.size() == 2);
}

TEST_CASE("a rowwise op of a module is one, and says which operands a call may leave out") {
  const OpDef& op = *module_of("row_ops").ops[0];
  CHECK(op.is_rowwise);
  CHECK(module_of("row_ops").ops[1]->is_rowwise);
  CHECK_FALSE(module_of("sample_ops").ops[0]->is_rowwise);
  REQUIRE(op.operands.size() == 3);
  CHECK(op.operands[1].kind == OperandKind::Column);
  CHECK(op.operands[1].is_optional);
  CHECK(op.operands[2].kind == OperandKind::Row);
  CHECK_FALSE(op.operands[2].is_optional);
  CHECK(op.promotions[1].kind == PromotionKind::Accumulate);
  CHECK(to_string(trace(op, std::array{tensor(DType::F16), tensor(DType::F16), tensor(DType::I64)})) ==
        "rowwise op scaled_norm\n"
        "operand x tensor f16 as f32, position 0, element\n"
        "operand weight tensor f16 as f32, position 1, column\n"
        "operand at tensor i64 as i64, position 2, row\n"
        "%0 = operand x : f32\n"
        "%1 = operand weight : f32\n"
        "%2 = operand at : i64\n"
        "%3 = mul %0, %0 : f32\n"
        "%4 = reduce sum.0 %3 : f32\n"
        "%5 = row_length : i64\n"
        "%6 = cast %5 : f32\n"
        "%7 = div %4, %6 : f32\n"
        "%8 = rsqrt %7 : f32\n"
        "%9 = pick %0, %2 : f32\n"
        "%10 = mul %8, %9 : f32\n"
        "%11 = mul %0, %10 : f32\n"
        "%12 = mul %11, %1 : f32\n"
        "result out0 %12 as f16, element\n"
        "result out1 %10 as f32, row\n"
        "result out2 %11 as f16, column\n");
  const TraceGraph without =
      trace(op, std::array{tensor(DType::F16), CallOperand{.kind = CallOperand::Kind::Absent}, tensor(DType::I64)});
  CHECK(without.operands.size() == 2);
  CHECK(without.operands[1].position == 2);
}

TEST_CASE("a call that the metadata forbids does not reach the module") {
  const OpDef& op = *module_of("sample_ops").ops[0];
  CHECK(error_of(op, std::array{tensor(DType::I32), tensor(DType::I32), number(DType::I64), flag()}) ==
        "op 'swish_glu' takes floats: operand 0 'x' is i32, convert it first");
  CHECK(error_of(op, std::array{tensor(DType::F32), tensor(DType::F32), number(DType::I64), flag("soft")}) ==
        "op 'swish_glu': operand 3 'mode' is \"soft\", expected \"exact\" or \"hard\"");
}

TEST_CASE("a wrong body is told by file, line, operand and cure") {
  const OpDef& op = *module_of("sample_ops").ops[2];
  CHECK(error_of(op, std::array{tensor(DType::F16), tensor(DType::F16)}) ==
        "op 'wrong' (" + std::string(op.file) + ":" + std::to_string(op.line) +
            "): bit_and takes integers and bool, given operand 0 'x' of dtype f32; promote it to another type in "
            ".promotion_methods, or cast it");
  CHECK(error_of(op, std::array{tensor(DType::I16), tensor(DType::I16)}) == "no error");
}

TEST_CASE("a trace that is none, or one of another call, is refused") {
  const auto error = [](const std::string& name) {
    return error_of(*module_of(name).ops[0], std::array{tensor(DType::F32), flag()});
  };
  const auto refused = [](const std::string& name, const std::string& why) {
    return "op 'minus' of module " + module_of(name).path + " has a trace that this gems does not take (" + why +
           "): rebuild the module with it";
  };
  CHECK(error("unreadable_trace") ==
        refused("unreadable_trace", "line 2: expected 'operand', '%' or 'result' at the beginning"));
  CHECK(error("another_op") ==
        refused("another_op", "the trace of op 'minus' is one of another call: it is of 'plus'"));
  CHECK(error("trace_of_another_call") ==
        refused("trace_of_another_call",
                "the trace of op 'minus' is one of another call: operand x is not f32 as f32, position 0"));
  CHECK(error("trace_without_memory") ==
        "op 'minus' of module " + module_of("trace_without_memory").path + " has no memory to be traced");
}

}  // namespace
}  // namespace gems
