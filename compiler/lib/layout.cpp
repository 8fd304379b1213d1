// Layouts as text, and the tensors that they describe.
#include "gems/compiler/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <vector>

#include "gems/dsl/trace.h"

namespace gems {

std::string_view name(Step step) {
  constexpr std::array<std::string_view, 3> names{"contiguous", "broadcast", "strided"};
  return names[static_cast<std::size_t>(step)];
}

std::string_view name(Family family) {
  constexpr std::array<std::string_view, 10> names{"flat", "rows",   "tile",   "generic", "list",
                                                   "held", "staged", "looped", "columns", "products"};
  return names[static_cast<std::size_t>(family)];
}

std::string_view name(CpuWalk walk) {
  constexpr std::array<std::string_view, 3> names{"elements", "row", "columns"};
  return names[static_cast<std::size_t>(walk)];
}

TensorCounts tensor_counts(const TraceGraph& graph) {
  const auto operands = std::ranges::count(graph.operands, OperandForm::Tensor, &TraceOperand::form);
  return {static_cast<std::size_t>(operands), graph.results.size()};
}

CpuLayout innermost_dimension(const Layout& layout, TensorCounts counts) {
  CpuLayout inner;
  for (std::size_t i = 0; i < counts.operands; ++i) inner.operands.push_back(layout.step_of_operand(i));
  for (std::size_t i = 0; i < counts.results; ++i) inner.results.push_back(traits(layout.cls).written);
  return inner;
}

std::string to_string(const Layout& layout) {
  const auto& [cls, singles, held] = layout;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < MaxTensors; ++i)
    if ((singles >> i & 1) != 0) positions.push_back(i);
  std::string text(name(cls));
  if (held != 0) text += fmt::format(" held={}", held);
  if (!positions.empty()) text += fmt::format(" single={}", fmt::join(positions, ","));
  return text;
}

std::string to_string(const CpuLayout& layout) {
  const auto& [operands, results, walk] = layout;
  std::string text;
  if (walk != CpuWalk::Elements) text = fmt::format("{} ", name(walk));
  for (const Step step : operands) text += fmt::format("{} ", name(step));
  text += "->";
  for (const Step step : results) text += fmt::format(" {}", name(step));
  return text;
}

}  // namespace gems
