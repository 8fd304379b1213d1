// Rowwise ops of the catalogue as CPU kernels: several sweeps, values of rows between them, picked elements.
#include <catch2/catch_test_macros.hpp>

#include "gems/dsl.h"
#include "gems/dsl/op.h"
#include "gems/ops/catalogue.h"
#include "kernels.h"
#include "rows.h"

namespace gems::test {
namespace {

using namespace gems::dsl;

constexpr OpDef picked_op = rowwise(
    {.name = "picked", .promotion_methods = {promote({0}, Default), promote({0}, Default)}, .names = {"x", "target"}},
    [](Tensor x, Row target) {
      const Expr index = cast(row_index(x), F32);
      return outputs(row_logsumexp(x) - pick(x + index, target), x * pick(x, target));
    });

constexpr OpDef sweeps_op =
    rowwise({.name = "sweeps",
             .promotion_methods = {promote({0}, Default), promote({0}, Default), promote({0}, Index)},
             .names = {"x", "weight", "eps"}},
            [](Tensor x, Column weight, Scalar eps) {
              const Expr centred = x - row_mean(x);
              const Expr scaled = centred / (row_max(abs(centred)) + eps);
              return outputs(scaled * weight, row_sum(scaled * weight), row_argmax(scaled));
            });

// Numbers stand for scalars, integers where the op says so; flags are not met.
TraceGraph trace_of_op(const OpDef& op, DType dtype) {
  std::vector<CallOperand> operands;
  for (const OperandDef& operand : op.operands) {
    if (operand.kind == OperandKind::Scalar)
      operands.push_back({.kind = CallOperand::Kind::Number, .dtype = operand.dtype ? DType::I64 : DType::F64});
    else
      operands.push_back({.kind = CallOperand::Kind::Tensor, .dtype = operand.name == "target" ? DType::I64 : dtype});
  }
  return trace(op, operands);
}

constexpr std::int64_t lengths[] = {1, 5, 16, 31, 64, 100, 257, 4096, 5000};

void check(const OpDef& op, DType dtype, double relative) {
  std::mt19937 random(5);
  const TraceGraph graph = trace_of_op(op, dtype);
  INFO(to_string(graph));
  const CpuLayout along = dense_rows(graph, CpuWalk::Row), across = dense_rows(graph, CpuWalk::Columns);
  const auto rows_kernel = reinterpret_cast<CpuRowKernel>(load_cpu(compile_cpu(graph, along)));
  const auto columns_kernel = reinterpret_cast<CpuRowKernel>(load_cpu(compile_cpu(graph, across)));
  for (const std::int64_t columns : lengths) {
    const TableSize size{.rows = columns > 300 ? 3 : 37, .columns = columns};
    auto operands = random_operands(graph, size, random, true);
    for (std::size_t i = 0; i < graph.operands.size(); ++i) {
      if (graph.operands[i].name == "target")
        for (Element& index : operands[i]) index.integer = static_cast<std::int64_t>(random()) % columns;
      if (graph.operands[i].form == OperandForm::Number) operands[i][0].value = 0.5;
    }
    const auto results = run_rows(rows_kernel, graph, along, operands, size);
    CHECK(row_difference(graph, operands, results, size, relative) == "");
    CHECK(results == run_rows(rows_kernel, graph, along, operands, size, true));
    CHECK(results == run_rows(columns_kernel, graph, across, operands, size));
    CHECK(results == run_rows(columns_kernel, graph, across, operands, size, true));
  }
}

}  // namespace

TEST_CASE("rowwise operators agree with the interpreter, in the same bits along and across rows") {
  for (const OpDef* op : ops::rowwise_catalogue().all()) {
    check(*op, DType::F32, 1e-4);
    check(*op, DType::BF16, 0x1p-7);
    check(*op, DType::F16, 0x1p-9);
    check(*op, DType::F64, 1e-12);
  }
}

TEST_CASE("a kernel may have several sweeps, picked elements, and the index in the row") {
  check(picked_op, DType::F32, 1e-5);
  check(sweeps_op, DType::F32, 1e-4);
  check(sweeps_op, DType::F64, 1e-12);
}

}  // namespace gems::test
