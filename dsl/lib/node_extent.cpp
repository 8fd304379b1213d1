// Operands say theirs, operations join those of their arguments, and reductions give one value for each row.
#include "node_extent.h"

namespace gems {

Extent extent_of(const TraceNode& node, std::span<const TraceOperand> operands, std::span<const Extent> before) {
  switch (node.op) {
    case ScalarOp::Operand: {
      const TraceOperand& operand = operands[static_cast<std::size_t>(node.operand)];
      return operand.form == OperandForm::Number ? Extent::Call : operand.extent;
    }
    case ScalarOp::Literal:
    case ScalarOp::RowLength:
      return Extent::Call;
    case ScalarOp::RowIndex:
      return Extent::Column;
    case ScalarOp::Reduce:
    case ScalarOp::Pick:
      return Extent::Row;
    default:
      break;
  }
  Extent joined = Extent::Call;
  for (int i = 0; i < arity(node.op); ++i)
    joined = join(joined, before[static_cast<std::size_t>(node.args[static_cast<std::size_t>(i)])]);
  return joined;
}

std::vector<Extent> extents(const TraceGraph& graph) {
  std::vector<Extent> all;
  for (const TraceNode& node : graph.nodes) all.push_back(extent_of(node, graph.operands, all));
  return all;
}

}  // namespace gems
