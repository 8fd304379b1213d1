// trace(): promotion, then one run of the body. to_string(): the canonical text of what was recorded.
#include "gems/dsl/trace.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "gems/dsl/error.h"
#include "gems/dsl/op.h"
#include "gems/dsl/tracer.h"

namespace gems {
namespace {

// Hexadecimal, so that equal text means equal bits.
std::string constant_text(const TraceNode& node) {
  switch (category(node.dtype)) {
    case Category::Bool:
    case Category::Integer:
      return fmt::format("{}", node.constant.integer);
    case Category::Float:
      return fmt::format("{:a}", node.constant.real);
    case Category::Complex:
      return fmt::format("({:a}, {:a})", node.constant.real, node.constant.imag);
  }
  return "";
}

// Operation and arguments: "add %0, %1", "reduce max_index.1 %3", "row_index".
std::string node_text(const TraceGraph& graph, const TraceNode& node) {
  std::string text(name(node.op));
  if (node.op == ScalarOp::Operand) text += " " + graph.operands[static_cast<std::size_t>(node.operand)].name;
  if (node.op == ScalarOp::Literal) text += " " + constant_text(node);
  if (node.op == ScalarOp::Reduce) text += fmt::format(" {}.{}", name(node.reduce), node.part);
  for (int i = 0; i < arity(node.op); ++i)
    text += fmt::format("{} %{}", i == 0 ? "" : ",", node.args[static_cast<std::size_t>(i)]);
  return text;
}

}  // namespace

TraceGraph trace(const OpDef& op, std::span<const CallOperand> operands, std::span<const DType> result_dtypes,
                 DType default_dtype) {
  const ResolvedTypes types = resolve_types(op, operands, default_dtype);
  if (result_dtypes.empty()) result_dtypes = types.result;
  if (result_dtypes.size() != op.result_count())
    throw Error(fmt::format("op '{}' has {} results, given {} result dtypes; pass one for each, or none", op.name,
                            op.result_count(), result_dtypes.size()));
  if (op.source != nullptr) return op.source->trace(op, operands, types, result_dtypes);
  Tracer tracer(op, operands, types, result_dtypes);
  op.body(tracer);
  return std::move(tracer).take();
}

std::string to_string(const TraceGraph& graph) {
  std::string text = fmt::format("{} {}\n", graph.is_rowwise ? "rowwise op" : "op", graph.op);
  for (const TraceOperand& operand : graph.operands) {
    const std::string_view form = operand.form == OperandForm::Tensor ? "tensor" : "number";
    text += fmt::format("operand {} {} {} as {}, position {}", operand.name, form, name(operand.storage),
                        name(operand.compute), operand.position);
    if (graph.is_rowwise && operand.form == OperandForm::Tensor) text += fmt::format(", {}", name(operand.extent));
    text += "\n";
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const TraceNode& node = graph.nodes[i];
    text += fmt::format("%{} = {} : {}\n", i, node_text(graph, node), name(node.dtype));
  }
  for (const TraceResult& result : graph.results) {
    text += fmt::format("result {} %{} as {}", result.name, result.node, name(result.dtype));
    if (graph.is_rowwise) text += fmt::format(", {}", name(result.extent));
    text += "\n";
  }
  return text;
}

}  // namespace gems
