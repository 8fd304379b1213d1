// One row for each named layout: how the last tensor operand moves, how the others and the results do.
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

using Steps = std::array<Step, 3>;
constexpr Step C = Step::Contiguous;
constexpr Step B = Step::Broadcast;
constexpr Step S = Step::Strided;
constexpr Steps dense{C, S, S};

struct Row {
  NamedLayout layout;
  int rank;           // 0: the caller's
  Steps last;         // the last tensor operand
  Steps others;       // the other tensor operands
  bool is_unaligned;  // operands and results begin one element after a 16-byte boundary
};

constexpr std::array<Row, 8> rows{{
    {{"contiguous", "all operands dense in one order, 16-byte aligned"}, 1, dense, dense, false},
    {{"offset", "as contiguous, but each begins one element after a 16-byte boundary (base[1:])"},
     1,
     dense,
     dense,
     true},
    {{"scalar", "the last tensor has one element, the others are dense"}, 1, {B, S, S}, dense, false},
    {{"rows", "two dimensions, rows dense but padded (base[:, :n])"}, 2, dense, dense, false},
    {{"row-broadcast", "the last tensor is one row, used for all rows: (n) beside (m, n)"}, 2, {C, B, S}, dense, false},
    {{"column-broadcast", "the last tensor is one column: (m, 1) beside (m, n)"}, 2, {B, S, S}, dense, false},
    {{"transposed", "the last tensor is transposed: y.t() beside x"}, 2, {S, S, S}, dense, false},
    {{"strided", "any strides, in --rank dimensions (2 unless given)"}, 0, {S, S, S}, {S, S, S}, false},
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

// The alignment class of an address that is only known to be a multiple of the element size.
std::uint8_t element_alignment(DType dtype) {
  const std::size_t size = size_bytes(dtype);
  return static_cast<std::uint8_t>(size % 16 == 0 ? 16 : size % 4 == 0 ? 4 : size);
}

int choose_rank(const LayoutRequest& request, const Row& row) {
  if (row.rank != 0) {
    if (request.rank != 0)
      throw UsageError(
          fmt::format("--rank {} does not apply to layout '{}', which has {} dimension{}; use --layout strided",
                      request.rank, row.layout.name, row.rank, row.rank == 1 ? "" : "s"));
    return row.rank;
  }
  const int rank = request.rank == 0 ? 2 : request.rank;
  if (rank < 1 || rank > MaxRank)
    throw UsageError(fmt::format("--rank {} is out of range; expected 1 to {}", request.rank, MaxRank));
  return rank <= 3 ? rank : rank == 4 ? 4 : 8;
}

}  // namespace

std::span<const NamedLayout> named_layouts() { return public_rows; }

Layout make_layout(const LayoutRequest& request, const TraceGraph& graph) {
  const Row& row = find_row(request.name);
  const int rank = choose_rank(request, row);
  const Steps all_strided{S, S, S};

  Layout layout;
  layout.rank = static_cast<std::uint8_t>(rank);
  layout.wide_index = request.wide_index;
  layout.aliased = request.aliased;
  std::vector<DType> dtypes;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) dtypes.push_back(operand.storage);
  for (std::size_t i = 0; i < dtypes.size(); ++i) {
    OperandLayout& operand = layout.operands.emplace_back();
    operand.steps = i + 1 == dtypes.size() ? row.last : row.others;
    if (row.is_unaligned || operand.steps == all_strided) operand.align_bytes = element_alignment(dtypes[i]);
  }
  for (const TraceResult& result : graph.results) {
    OperandLayout& out = layout.results.emplace_back();
    out.steps = rank > 3 ? all_strided : dense;
    if (row.is_unaligned || out.steps == all_strided) out.align_bytes = element_alignment(result.dtype);
  }
  return layout;
}

Layout innermost_dimension(const Layout& layout) {
  Layout inner = layout;
  inner.rank = 1;
  for (auto* list : {&inner.operands, &inner.results})
    for (OperandLayout& operand : *list) operand.steps = {operand.steps[0], S, S};
  return inner;
}

}  // namespace gems::codegen
