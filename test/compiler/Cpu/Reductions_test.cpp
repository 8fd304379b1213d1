// Every reduction on every dtype of its domain against the interpreter, along rows and across them.
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "gems/dsl/reduce_op.h"
#include "kernels.h"
#include "rows.h"

namespace gems::test {
namespace {

constexpr ReduceOp reduce_ops[] = {
#define GEMS_REDUCE_OP(Name, text, parts, domain) ReduceOp::Name,
#include "gems/dsl/reduce_ops.def"
};

DType compute_of(DType storage) { return storage == DType::F16 || storage == DType::BF16 ? DType::F32 : storage; }

// All parts of a reduction as results of rows.
TraceGraph reduction(ReduceOp op, DType storage) {
  TraceGraph graph = empty_trace(std::string(name(op)));
  graph.is_rowwise = true;
  const DType compute = compute_of(storage);
  const std::int32_t x = add_operand(graph, storage, compute);
  for (int part = 0; part < parts(op); ++part) {
    const DType dtype = part_dtype(op, part, compute);
    const std::int32_t node = add_node(graph, ScalarOp::Reduce, dtype, {x});
    graph.nodes.back().reduce = op;
    graph.nodes.back().part = static_cast<std::int8_t>(part);
    add_result(graph, node, dtype);
    graph.results.back().extent = Extent::Row;
  }
  return graph;
}

double tolerance(DType storage) { return compute_of(storage) == DType::F64 ? 1e-12 : 2e-5; }

// Around the vectors of a row, and around the pieces.
constexpr std::int64_t lengths[] = {0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130, 257, 4095, 4096, 4097, 12289};

CpuRowKernel row_kernel(const TraceGraph& graph, CpuWalk walk) {
  return reinterpret_cast<CpuRowKernel>(load_cpu(compile_cpu(graph, dense_rows(graph, walk))));
}

}  // namespace

TEST_CASE("each reduction of each dtype agrees with the interpreter, in the same bits along and across rows") {
  std::mt19937 random(1);
  for (const ReduceOp op : reduce_ops)
    for (std::size_t t = 0; t < DTypeCount; ++t) {
      const auto dtype = static_cast<DType>(t);
      if (!contains(domain(op), dtype) || is_float8(dtype)) continue;
      if (is_complex(dtype) && op != ReduceOp::Sum) continue;
      const TraceGraph graph = reduction(op, dtype);
      INFO(to_string(graph));
      const CpuRowKernel along = row_kernel(graph, CpuWalk::Row), across = row_kernel(graph, CpuWalk::Columns);
      for (const std::int64_t columns : lengths) {
        const TableSize size{.rows = columns > 300 ? 3 : 37, .columns = columns};
        // Special values, where no sum of them depends on the order.
        const bool tame = op == ReduceOp::Sum || op == ReduceOp::Prod || op == ReduceOp::Moments;
        auto operands = random_operands(graph, size, random, tame && !is_integral(dtype));
        if (op == ReduceOp::Prod && is_float(dtype))
          for (Element& x : operands[0]) x.value = x.value.real() > 0 ? 1.0 : -1.0;
        if (op == ReduceOp::ExpSum)
          for (Element& x : operands[0])
            if (!(std::abs(x.value.real()) < 80)) x.value = random() % 5 == 0 ? x.value : 0.0;
        const auto rows = run_rows(along, graph, dense_rows(graph, CpuWalk::Row), operands, size);
        CHECK(row_difference(graph, operands, rows, size, tolerance(dtype)) == "");
        CHECK(rows == run_rows(along, graph, dense_rows(graph, CpuWalk::Row), operands, size, true));
        CHECK(rows == run_rows(across, graph, dense_rows(graph, CpuWalk::Columns), operands, size));
        CHECK(rows == run_rows(across, graph, dense_rows(graph, CpuWalk::Columns), operands, size, true));
      }
    }
}

}  // namespace gems::test
