// Follows the values of each visit back to the operands, up to what is known for the whole row.
#include "row_reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "gems/compiler/row_layout.h"

namespace gems::codegen {
namespace {

// The operands that vary along the row and that the values of `roots` are computed from.
std::vector<bool> read_by(const TraceGraph& graph, const std::vector<Extent>& extents,
                          std::vector<std::int32_t> roots) {
  std::vector<bool> operands(graph.operands.size());
  std::vector<char> seen(graph.nodes.size());
  while (!roots.empty()) {
    const auto node = static_cast<std::size_t>(roots.back());
    roots.pop_back();
    if (std::exchange(seen[node], 1) != 0 || !varies_along_columns(extents[node])) continue;
    if (graph.nodes[node].operand >= 0) operands[static_cast<std::size_t>(graph.nodes[node].operand)] = true;
    for (const std::int32_t arg : graph.nodes[node].args)
      if (arg >= 0) roots.push_back(arg);
  }
  return operands;
}

}  // namespace

RowReads row_reads(const TraceGraph& graph) {
  const std::vector<Extent> extent_of = extents(graph);
  std::vector<int> known(graph.nodes.size());       // after how many sweeps
  std::vector<std::vector<std::int32_t>> roots(1);  // of each sweep from 1 on, last those of the results
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const TraceNode& node = graph.nodes[i];
    for (const std::int32_t arg : node.args)
      if (arg >= 0) known[i] = std::max(known[i], known[static_cast<std::size_t>(arg)]);
    if (node.op != ScalarOp::Reduce) continue;
    ++known[i];
    if (roots.size() <= static_cast<std::size_t>(known[i])) roots.resize(static_cast<std::size_t>(known[i]) + 1);
    roots[static_cast<std::size_t>(known[i])].push_back(node.args[0]);
  }
  RowReads reads{.sweeps = static_cast<int>(roots.size()) - 1, .operands = {}};
  roots.emplace_back();
  for (const TraceResult& result : graph.results)
    if (result.extent != Extent::Row) roots.back().push_back(result.node);
  reads.visits_again = !roots.back().empty();
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) reads.operands.push_back({operand.name, operand.extent});
  for (const std::vector<std::int32_t>& visit : roots) {
    const std::vector<bool> read = read_by(graph, extent_of, visit);
    std::size_t tensor = 0;
    for (std::size_t i = 0; i < graph.operands.size(); ++i)
      if (graph.operands[i].form == OperandForm::Tensor) reads.operands[tensor++].visits += read[i];
  }
  return reads;
}

std::string row_text(const TraceGraph& graph) {
  const RowReads reads = row_reads(graph);
  std::string text = fmt::format("\nrows\n  {} sweep{} of reductions{}\n", reads.sweeps, reads.sweeps == 1 ? "" : "s",
                                 reads.visits_again ? ", then a visit for the results" : "");
  const bool is_held = reads.sweeps + reads.visits_again > 1;
  for (const RowReads::Operand& operand : reads.operands) {
    if (operand.extent == Extent::Row)
      text += fmt::format("  {:<12} read once for a row\n", operand.name);
    else if (operand.extent == Extent::Column)
      text += fmt::format("  {:<12} read {} times for a row, from the cache\n", operand.name, operand.visits);
    else if (is_held && operand.visits > 1)
      text += fmt::format("  {:<12} read once where the row is held or staged, else {} times\n", operand.name,
                          operand.visits);
    else
      text += fmt::format("  {:<12} read {} time{}\n", operand.name, operand.visits, operand.visits == 1 ? "" : "s");
  }
  const bool sums_rows =
      std::ranges::any_of(graph.results, [](const TraceResult& result) { return result.extent == Extent::Column; });
  text += fmt::format("  kernels: {}{}, row_generic\n",
                      !is_held    ? ""
                      : sums_rows ? "row_held and row_held_unaligned (--held 4), "
                                  : "row_held and row_held_unaligned (each --held 4, --held 8), ",
                      is_staged(graph, {}) ? "row_staged, row_looped_unaligned" : "row_looped, row_looped_unaligned");
  return text;
}

}  // namespace gems::codegen
