// A trace is one of the call that it was asked for, or it is refused.
#include "gems/dsl/check_trace.h"

#include <array>
#include <functional>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "calls.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"

namespace gems {
namespace {

using namespace gems::dsl;
using namespace gems::test;

constexpr OpDef scale_op = pointwise({.name = "scale",
                                      .promotion_methods = {promote({0}, Default), promote({0}, AlwaysBool)},
                                      .names = {"x", "rounds", "by"},
                                      .defaults = {std::nullopt, false, std::nullopt}},
                                     [](Tensor x, Flag rounds, Scalar by) {
                                       const Expr scaled = x * by;
                                       return outputs(rounds ? round(scaled) : scaled, scaled > 0);
                                     });

std::string error_after(const std::function<void(TraceGraph&)>& change) {
  const std::array call{tensor(F16), flag(true), number(F64)};
  TraceGraph graph = trace(scale_op, call);
  change(graph);
  const ResolvedTypes types = resolve_types(scale_op, call);
  try {
    check_trace(graph, scale_op, call, types, types.result);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("the trace of a call is accepted, that of another call is not") {
  const std::string begin = "the trace of op 'scale' is one of another call: ";
  CHECK(error_after([](TraceGraph&) {}) == "no error");
  CHECK(error_after([](TraceGraph& graph) { graph.op = "add"; }) == begin + "it is of 'add'");
  CHECK(error_after([](TraceGraph& graph) { graph.operands.pop_back(); }) == begin + "1 operands, expected 2");
  CHECK(error_after([](TraceGraph& graph) { graph.operands[0].storage = F64; }) ==
        begin + "operand x is not f16 as f32, position 0");
  CHECK(error_after([](TraceGraph& graph) { graph.operands[1].form = OperandForm::Tensor; }) ==
        begin + "operand by is not f32 as f32, position 2");
  CHECK(error_after([](TraceGraph& graph) { graph.operands[1].position = 1; }) ==
        begin + "operand by is not f32 as f32, position 2");
  CHECK(error_after([](TraceGraph& graph) { graph.results.pop_back(); }) == begin + "1 results, expected 2");
  CHECK(error_after([](TraceGraph& graph) { graph.results[0].dtype = F32; }) == begin + "out0 is f32, expected f16");
}

}  // namespace
}  // namespace gems
