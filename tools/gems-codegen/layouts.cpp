// One row for each named layout: the classes that all layouts of a call fall into (runtime/lib/space/layout.cpp).
#include "layouts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "gems/dsl/dtype.h"
#include "usage_error.h"

namespace gems::codegen {
namespace {

constexpr Step C = Step::Contiguous;
constexpr Step B = Step::Broadcast;
constexpr Step S = Step::Strided;

struct Row {
  NamedLayout layout;
  std::uint8_t rank;
  Step operands, last_operand, results;
  bool is_aligned = true;  // everything that is moved in vectors begins at multiples of 16 bytes
  bool crossed = false;
  bool wide_index = false;
};

constexpr std::array<Row, 9> rows{{
    {{"contiguous", "all operands dense in one order, 16-byte aligned"}, 1, C, C, C},
    {{"scalar", "as contiguous, but the last tensor has no dimensions"}, 1, C, B, C},
    {{"rows", "rows of the results dense: broadcast, sliced or padded operands, (m, n) beside (n)"}, 4, S, S, C},
    {{"outer", "as rows, two dimensions, every operand broadcast along one: (m, 1) beside (n)"}, 2, S, S, C},
    {{"offset", "as rows or contiguous, beginning anywhere: base[1:], rows of odd length"}, 4, S, S, C, false},
    {{"transposed", "as rows, some operand dense along another dimension: y.t() beside x"}, 4, S, S, C, true, true},
    {{"transposed-offset", "as transposed, beginning anywhere"}, 4, S, S, C, false, true},
    {{"strided", "any strides"}, 4, S, S, S, false},
    {{"wide", "any strides, 2^31 elements and more"}, 8, S, S, S, false, false, true},
}};

constexpr auto public_rows = [] {
  std::array<NamedLayout, rows.size()> names{};
  for (std::size_t i = 0; i < rows.size(); ++i) names[i] = rows[i].layout;
  return names;
}();

const Row& find_row(std::string_view name) {
  const auto row = std::ranges::find(rows, name, [](const Row& candidate) { return candidate.layout.name; });
  if (row != rows.end()) return *row;
  std::vector<std::string_view> names;
  for (const NamedLayout& layout : public_rows) names.push_back(layout.name);
  throw UsageError(fmt::format("unknown layout '{}'; expected one of {}", name, fmt::join(names, ", ")));
}

}  // namespace

std::span<const NamedLayout> named_layouts() { return public_rows; }

Layout make_layout(std::string_view name, const TraceGraph& graph) {
  const Row& row = find_row(name);
  Layout layout{.rank = row.rank, .wide_index = row.wide_index, .crossed = row.crossed, .operands = {}, .results = {}};
  const auto entry = [&](Step step, DType dtype) {
    const bool is_aligned = row.is_aligned && step != Step::Broadcast;
    return OperandLayout{step, is_aligned ? std::uint8_t{16} : static_cast<std::uint8_t>(size_bytes(dtype))};
  };
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) layout.operands.push_back(entry(row.operands, operand.storage));
  for (auto operand = graph.operands.rbegin(); operand != graph.operands.rend(); ++operand) {
    if (operand->form != OperandForm::Tensor) continue;
    layout.operands.back() = entry(row.last_operand, operand->storage);
    break;
  }
  for (const TraceResult& result : graph.results) layout.results.push_back(entry(row.results, result.dtype));
  return layout;
}

Layout innermost_dimension(const Layout& layout) {
  Layout inner = layout;
  inner.rank = 1;
  inner.crossed = false;
  return inner;
}

}  // namespace gems::codegen
