// Rowwise ops of the catalogue as CPU kernels: several sweeps, values of rows between them, picked elements.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "dsl/random_traces.h"
#include "gems/dsl.h"
#include "gems/dsl/differentiate.h"
#include "gems/dsl/op.h"
#include "gems/ops/catalogue.h"
#include "gems/ops/normalization.h"
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

// Numbers stand for scalars, integers where the op says so; flags have their defaults.
TraceGraph trace_of_op(const OpDef& op, DType dtype) {
  std::vector<CallOperand> operands;
  for (const OperandDef& operand : op.operands) {
    if (operand.kind == OperandKind::Scalar)
      operands.push_back({.kind = CallOperand::Kind::Number, .dtype = operand.dtype ? DType::I64 : DType::F64});
    else if (operand.kind == OperandKind::Flag)
      operands.push_back({.kind = CallOperand::Kind::Flag, .flag = operand.default_flag.value()});
    else
      operands.push_back({.kind = CallOperand::Kind::Tensor, .dtype = operand.name == "target" ? DType::I64 : dtype});
  }
  return trace(op, operands);
}

// What depends on the row, and what does not, summed over all rows.
constexpr OpDef column_sums_op =
    rowwise({.name = "column_sums",
             .promotion_methods = {promote({0, 1}, Default), promote({0, 1}, Default), promote({0}, Default)}},
            [](Tensor x, Column y) {
              const Expr sum = row_sum(x);
              return outputs(column_sum(x * sum), column_sum(x * y), x + sum);
            });

// The bytes are the same however the rows are called.
void check_sums(const TraceGraph& graph, double relative) {
  INFO(to_string(graph));
  const CpuLayout along = dense_rows(graph, CpuWalk::Row);
  const auto kernel = reinterpret_cast<CpuRowKernel>(load_cpu(compile_cpu(graph, along)));
  for (const std::int64_t columns : {1, 16, 31, 100, 257, 5000}) {
    const TableSize size{.rows = columns > 300 ? 5 : 37, .columns = columns};
    const auto operands = random_tables(graph, static_cast<std::size_t>(size.rows), static_cast<std::size_t>(columns),
                                        static_cast<std::uint32_t>(columns));
    const auto results = run_rows(kernel, graph, along, operands, size);
    CHECK(row_difference(graph, operands, results, size, relative) == "");
    CHECK(results == run_rows(kernel, graph, along, operands, size, true));
  }
}

constexpr std::int64_t lengths[] = {1, 5, 16, 31, 64, 100, 257, 4096, 5000};

void check(const OpDef& op, DType dtype, double relative) {
  std::mt19937 random(5);
  const TraceGraph graph = trace_of_op(op, dtype);
  // A kernel that sums over all rows walks along them.
  if (std::ranges::any_of(graph.results, [](const TraceResult& result) { return result.extent == Extent::Column; }))
    return check_sums(graph, relative);
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

TEST_CASE("nothing is picked from rows without elements") {
  const TraceGraph graph = trace_of_op(picked_op, DType::F32);
  const CpuLayout along = dense_rows(graph, CpuWalk::Row);
  const auto kernel = reinterpret_cast<CpuRowKernel>(load_cpu(compile_cpu(graph, along)));
  std::mt19937 random(5);
  const TableSize size{.rows = 3, .columns = 0};
  const auto operands = random_operands(graph, size, random, true);
  CHECK(row_difference(graph, operands, run_rows(kernel, graph, along, operands, size), size, 0) == "");
}

TEST_CASE("sums over all rows are of each row once, and rounded last") {
  for (const DType dtype :
       {DType::F32, DType::BF16, DType::F16, DType::F64, DType::I32, DType::I8, DType::C64, DType::C32})
    check_sums(trace_of_op(column_sums_op, dtype), dtype == DType::F64                          ? 1e-12
                                                   : dtype == DType::BF16                       ? 0x1p-7
                                                   : dtype == DType::F16 || dtype == DType::C32 ? 0x1p-9
                                                                                                : 1e-4);
}

TEST_CASE("the gradients of norms are one kernel") {
  Derivatives derivatives;
  for (const DType dtype : {DType::F32, DType::BF16, DType::F64})
    for (const auto& [op, wanted] :
         {std::pair{&ops::layer_norm_op, 7u}, {&ops::rms_norm_op, 3u}, {&ops::rms_norm_op, 1u}}) {
      const Derived& gradient = derivatives.gradient(*op, 1, wanted);
      check_sums(trace_of_op(*gradient.op, dtype), dtype == DType::BF16 ? 0x1p-6 : 1e-4);
    }
}

TEST_CASE("random bodies have their sums over all rows") {
  std::size_t with_sums = 0;
  for (std::uint32_t seed = 0; with_sums < 40; ++seed) {
    const TraceGraph graph = random_rowwise_trace(seed, true);
    if (std::ranges::none_of(graph.results, [](const auto& result) { return result.extent == Extent::Column; }))
      continue;
    ++with_sums;
    check_sums(graph, 2e-2);
  }
}

}  // namespace gems::test
