// interpret(): runs a trace on one element per operand, node by node.
#include "gems/dsl/interpreter.h"

#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "evaluate.h"
#include "gems/dsl/error.h"

namespace gems {
namespace {

Element literal_element(const TraceNode& node) {
  return {node.dtype, node.constant.integer, {node.constant.real, node.constant.imag}};
}

}  // namespace

std::vector<Element> interpret(const TraceGraph& graph, std::span<const Element> operands) {
  if (operands.size() != graph.operands.size())
    throw Error(fmt::format("op '{}': the trace has {} operands, given {} elements; pass one for each", graph.op,
                            graph.operands.size(), operands.size()));
  std::vector<Element> values;
  values.reserve(graph.nodes.size());
  for (const TraceNode& node : graph.nodes) {
    if (node.op == ScalarOp::Operand) {
      values.push_back(cast_element(operands[static_cast<std::size_t>(node.operand)], node.dtype));
    } else if (node.op == ScalarOp::Literal) {
      values.push_back(literal_element(node));
    } else {
      std::array<Element, 3> args;
      const auto count = static_cast<std::size_t>(arity(node.op));
      for (std::size_t i = 0; i < count; ++i) args[i] = values[static_cast<std::size_t>(node.args[i])];
      values.push_back(evaluate(node.op, node.dtype, std::span(args).first(count)));
    }
  }
  std::vector<Element> results;
  for (const TraceResult& result : graph.results)
    results.push_back(cast_element(values[static_cast<std::size_t>(result.node)], result.dtype));
  return results;
}

}  // namespace gems
