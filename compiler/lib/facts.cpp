// Reads the facts off a trace. See facts.h.
#include "facts.h"

#include <algorithm>
#include <bit>

#include "gems/compiler/tuning.h"

namespace gems {

namespace {

bool is_read(const TraceGraph& graph, std::size_t operand) {
  const auto is_operand = [&](std::int32_t value) {
    return value >= 0 && graph.nodes[static_cast<std::size_t>(value)].operand == static_cast<std::int32_t>(operand);
  };
  return std::ranges::any_of(graph.nodes,
                             [&](const TraceNode& n) { return std::ranges::any_of(n.args, is_operand); }) ||
         std::ranges::any_of(graph.results, [&](const TraceResult& r) { return is_operand(r.node); });
}

bool is_exact_division(const TraceGraph& graph, ScalarOp op) {
  if (op == ScalarOp::TruncDiv || op == ScalarOp::FloorDiv) return true;
  return op == ScalarOp::Div &&
         std::ranges::any_of(graph.results, [](const TraceResult& result) { return size_bytes(result.dtype) > 2; });
}

// Whether a rowwise op has what varies along the row for one sweep of reductions only: no reduction depends on another,
// and no result varies.
bool reads_once(const TraceGraph& graph) {
  std::vector<bool> follows(graph.nodes.size());  // a reduction
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const TraceNode& node = graph.nodes[i];
    const bool later = std::ranges::any_of(
        node.args, [&](std::int32_t arg) { return arg >= 0 && follows[static_cast<std::size_t>(arg)]; });
    if (later && node.op == ScalarOp::Reduce) return false;
    follows[i] = later || node.op == ScalarOp::Reduce;
  }
  return std::ranges::all_of(graph.results, [](const TraceResult& result) { return result.extent == Extent::Row; });
}

// Of the state of a reduction, at most: a value, a value with its index, a count with two values.
int state_bytes(const TraceGraph& graph) {
  int bytes = 0;
  for (const TraceNode& node : graph.nodes)
    if (node.op == ScalarOp::Reduce) {
      const auto own = static_cast<int>(size_bytes(graph.nodes[static_cast<std::size_t>(node.args[0])].dtype));
      bytes += parts(node.reduce) == 1 ? std::max(own, 8) : 3 * std::max(own, 8);
    }
  return (bytes + 15) / 16 * 16;
}

int sum_bytes(const TraceGraph& graph) {
  int bytes = 0;
  for (const TraceResult& result : graph.results) {
    const bool widens = is_float(result.dtype) || is_complex(result.dtype);
    if (result.extent == Extent::Column)
      bytes += static_cast<int>(size_bytes(widens ? opmath_of(result.dtype) : result.dtype));
  }
  return bytes;
}

}  // namespace

KernelFacts facts_of(const TraceGraph& graph, const Layout& layout) {
  KernelFacts facts{.layout = layout.cls,
                    .traffic = {},
                    .held = layout.held,
                    .reads_once = graph.is_rowwise && reads_once(graph),
                    .partial_bytes = state_bytes(graph),
                    .sum_bytes = sum_bytes(graph)};
  std::size_t next = 0;
  for (std::size_t i = 0; i < graph.operands.size(); ++i)
    if (graph.operands[i].form == OperandForm::Tensor)
      facts.traffic.push_back({.size_bytes = static_cast<int>(size_bytes(graph.operands[i].storage)),
                               .is_single = layout.is_single(next++),
                               .is_unread = !is_read(graph, i),
                               .extent = graph.operands[i].extent});
  for (const TraceResult& result : graph.results)
    facts.traffic.push_back(
        {.size_bytes = static_cast<int>(size_bytes(result.dtype)), .is_result = true, .extent = result.extent});
  for (const TraceNode& node : graph.nodes) {
    facts.reduces |= node.op == ScalarOp::Reduce;
    facts.picks |= node.op == ScalarOp::Pick;
    facts.functions += cost(node.op) >= tuning::FunctionCost;
    facts.max_cost = std::max(facts.max_cost, cost(node.op));
    facts.divides |= is_exact_division(graph, node.op);
  }
  return facts;
}

int vector_width(const KernelFacts& facts) {
  using namespace tuning;
  int widest = 1;
  int widest_result = 1;
  int narrowest = 16;
  int read_bytes = 0;  // of one element of each operand
  for (const Traffic& traffic : facts.traffic) {
    if (traffic.is_single || traffic.is_unread) continue;
    if (!traffic.is_result) read_bytes += traffic.size_bytes;
    widest = std::max(widest, traffic.size_bytes);
    narrowest = std::min(narrowest, traffic.size_bytes);
    if (traffic.is_result) widest_result = std::max(widest_result, traffic.size_bytes);
  }
  int width = AccessBytes / widest;
  width = std::max(width, NarrowAccessBytes / narrowest);
  // Beside a narrow result, two accesses of what is read: with one, logical_not of f32 was 0.96 of eager's speed on an
  // H200. With four, of two operands of f32, comparisons of 2^14 elements were 0.91 of eager's on an H100.
  if (read_bytes > 0 && widest >= 4 * narrowest) width = std::max(width, 2 * AccessBytes / read_bytes);
  // Several loads of one thread meet in the first-level cache, but only so many: two operands of i64 in vectors of
  // eight made comparisons 0.68 of eager's speed on an H100. Several stores would each reach the second in parts.
  const int most_read = std::max(AccessBytes / widest, WideVectorBytes / std::max(read_bytes, 1));
  width = std::min(
      {width, most_read, AccessBytes / widest_result, facts.functions > 0 ? MostFunctionElements : MostElements});
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(width, 1))));
}

}  // namespace gems
