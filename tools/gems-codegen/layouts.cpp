// Looks names up among the layout classes and the operands of a trace.
#include "layouts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <vector>

#include "usage_error.h"

namespace gems::codegen {

Layout make_layout(std::string_view cls, std::span<const std::string> singles, const TraceGraph& graph) {
  const auto row = std::ranges::find(layout_table, cls, &LayoutTraits::name);
  if (row == layout_table.end())
    throw UsageError(fmt::format("unknown layout '{}'; expected one of {}", cls,
                                 fmt::join(layout_table | std::views::transform(&LayoutTraits::name), ", ")));
  Layout layout{static_cast<LayoutClass>(row - layout_table.begin())};
  std::vector<std::string_view> tensors;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) tensors.push_back(operand.name);
  for (const std::string& single : singles) {
    const auto tensor = std::ranges::find(tensors, single);
    if (tensor == tensors.end())
      throw UsageError(
          fmt::format("op '{}': --single names '{}', which is not a tensor of this call; expected one of {}", graph.op,
                      single, fmt::join(tensors, ", ")));
    layout.singles |= static_cast<std::uint16_t>(1u << (tensor - tensors.begin()));
  }
  return layout;
}

}  // namespace gems::codegen
