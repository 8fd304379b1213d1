// What the tests of CPU kernels share: hand-made traces, layouts, and compiling and loading in one call.
#pragma once

#include <string>
#include <vector>

#include "gems/compiler/cpu.h"
#include "gems/dsl/trace.h"

namespace gems::test {

inline TraceGraph empty_trace(std::string op) {
  TraceGraph graph;
  graph.op = std::move(op);
  graph.file = "test";
  return graph;
}

inline std::int32_t add_node(TraceGraph& graph, ScalarOp op, DType dtype, std::vector<std::int32_t> args) {
  TraceNode node{.op = op, .dtype = dtype};
  for (std::size_t i = 0; i < args.size(); ++i) node.args[i] = args[i];
  graph.nodes.push_back(node);
  return static_cast<std::int32_t>(graph.nodes.size() - 1);
}

// A Tensor operand, or a Number when storage is compute and number is set.
inline std::int32_t add_operand(TraceGraph& graph, DType storage, DType compute, bool number = false) {
  const auto index = static_cast<std::int32_t>(graph.operands.size());
  graph.operands.push_back({.name = std::string(1, static_cast<char>('a' + index)),
                            .form = number ? OperandForm::Number : OperandForm::Tensor,
                            .storage = storage,
                            .compute = compute,
                            .position = index});
  const std::int32_t node = add_node(graph, ScalarOp::Operand, compute, {});
  graph.nodes.back().operand = index;
  return node;
}

inline void add_result(TraceGraph& graph, std::int32_t node, DType dtype) {
  graph.results.push_back({.name = "out" + std::to_string(graph.results.size()), .node = node, .dtype = dtype});
}

// op on `arity` operands of one dtype, computed in `compute`.
inline TraceGraph trace_of(ScalarOp op, DType storage, DType compute, DType result) {
  TraceGraph graph = empty_trace(std::string(name(op)));
  std::vector<std::int32_t> args;
  for (int i = 0; i < arity(op); ++i) args.push_back(add_operand(graph, storage, compute));
  add_result(graph, add_node(graph, op, compute, args), result);
  return graph;
}

// storage -> result, nothing else.
inline TraceGraph conversion(DType storage, DType result) {
  TraceGraph graph = empty_trace("convert");
  const std::int32_t x = add_operand(graph, storage, storage);
  add_result(graph, add_node(graph, ScalarOp::Cast, result, {x}), result);
  return graph;
}

inline CpuLayout contiguous(const TraceGraph& graph) { return innermost_dimension({}, tensor_counts(graph)); }

inline CpuKernel kernel_of(const TraceGraph& graph) { return load_cpu(compile_cpu(graph, contiguous(graph))); }

}  // namespace gems::test
