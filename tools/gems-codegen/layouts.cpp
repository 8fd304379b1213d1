// Looks names up among the layout classes and the operands of a trace.
#include "layouts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <vector>

#include "gems/compiler/row_layout.h"
#include "usage_error.h"

namespace gems::codegen {
namespace {

bool sums_rows(const TraceGraph& graph) {
  return std::ranges::any_of(graph.results, [](const TraceResult& result) { return result.extent == Extent::Column; });
}

}  // namespace

std::span<const LayoutTraits> rows_of(bool is_rowwise) {
  constexpr auto first = static_cast<std::size_t>(LayoutClass::RowHeld);
  const std::span<const LayoutTraits> rows(layout_table);
  return is_rowwise ? rows.subspan(first) : rows.first(first);
}

Layout make_layout(const LayoutText& text, const TraceGraph& graph, CudaTarget target) {
  const std::string_view cls = !text.cls.empty()  ? std::string_view(text.cls)
                               : graph.is_rowwise ? name(LayoutClass::RowHeld)
                                                  : name(LayoutClass::Flat);
  const auto row = std::ranges::find(layout_table, cls, &LayoutTraits::name);
  const auto expected = [&] {
    return fmt::format("expected one of {}",
                       fmt::join(rows_of(graph.is_rowwise) | std::views::transform(&LayoutTraits::name), ", "));
  };
  if (row == layout_table.end()) throw UsageError(fmt::format("unknown layout '{}'; {}", cls, expected()));
  Layout layout{static_cast<LayoutClass>(row - layout_table.begin())};
  if (is_rowwise(layout.cls) != graph.is_rowwise)
    throw UsageError(fmt::format("op '{}' is {}, and layout '{}' is not for it; {}", graph.op,
                                 graph.is_rowwise ? "rowwise" : "pointwise", cls, expected()));
  if (row->family == Family::Products && !is_product(graph))
    throw UsageError(
        fmt::format("layout '{}' is for sums of products of two operands of bf16 or f16; op '{}' with these "
                    "dtypes is none, take another",
                    cls, graph.op));
  if (row->family == Family::Columns && sums_rows(graph))
    throw UsageError(fmt::format(
        "op '{}': layout 'columns' is not for results that are summed over all rows (column_sum); take 'row_generic'",
        graph.op));
  if (row->family == Family::Staged && !is_staged(graph, target))
    throw UsageError(fmt::format(
        "layout 'row_staged' is for ops that read what varies along a row more than once and give results along it, "
        "without pick and column_sum, on sm_90 and later; op '{}' with these dtypes on sm_{} has no such kernel, take "
        "'row_looped'",
        graph.op, target.arch));
  if (row->family == Family::Held) layout.held = static_cast<std::uint8_t>(text.held);
  std::vector<std::string_view> tensors;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) tensors.push_back(operand.name);
  for (const std::string& single : text.singles) {
    const auto tensor = std::ranges::find(tensors, single);
    if (tensor == tensors.end())
      throw UsageError(
          fmt::format("op '{}': --single names '{}', which is not a tensor of this call; expected one of {}", graph.op,
                      single, fmt::join(tensors, ", ")));
    layout.singles |= static_cast<std::uint16_t>(1u << (tensor - tensors.begin()));
  }
  return layout;
}

std::vector<LayoutText> layouts_of(const TraceGraph& graph, CudaTarget target) {
  std::vector<LayoutText> texts;
  for (const LayoutTraits& layout : rows_of(graph.is_rowwise)) {
    if (sums_rows(graph) && layout.family == Family::Columns) continue;
    if (!is_product(graph) && layout.family == Family::Products) continue;
    if (layout.name == name(is_staged(graph, target) ? LayoutClass::RowLooped : LayoutClass::RowStaged)) continue;
    texts.push_back({.cls = std::string(layout.name), .singles = {}});
    if (layout.family == Family::Held && !sums_rows(graph))
      texts.push_back({.cls = std::string(layout.name), .singles = {}, .held = 8});
  }
  return texts;
}

}  // namespace gems::codegen
