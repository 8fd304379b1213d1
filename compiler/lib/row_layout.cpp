// Which CUDA kernel a call of a rowwise op gets. See row_layout.h.
#include "gems/compiler/row_layout.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "Families/row_shape.h"

namespace gems {
namespace {

// What decides of one tensor: in the order of the geometry.
struct RowTensor {
  int size_bytes;
  Extent extent;
};

std::vector<RowTensor> tensors_of(const TraceGraph& graph) {
  std::vector<RowTensor> tensors;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor)
      tensors.push_back({static_cast<int>(size_bytes(operand.storage)), operand.extent});
  for (const TraceResult& result : graph.results)
    tensors.push_back({static_cast<int>(size_bytes(result.dtype)), result.extent});
  return tensors;
}

// The same dimensions, as many reduced and kept ones as asked for.
Geometry padded(const Geometry& from, int reduced, int kept) {
  Geometry to = from;
  to.rank = reduced + kept;
  to.reduced_rank = reduced;
  to.sizes.fill(1);
  for (auto& strides : to.strides) strides.fill(0);
  for (int d = 0; d < from.rank; ++d) {
    const auto old = static_cast<std::size_t>(d);
    const auto next = static_cast<std::size_t>(d < from.reduced_rank ? d : d - from.reduced_rank + reduced);
    to.sizes[next] = from.sizes[old];
    for (std::size_t t = 0; t < to.strides.size(); ++t) to.strides[t][next] = from.strides[t][old];
  }
  return to;
}

// What the threads of a row read and write along it; sums over all rows are written by the second kernel.
bool is_walked_along(const Geometry& geometry, const std::vector<RowTensor>& tensors, std::size_t t) {
  const bool is_sum = t >= geometry.tensors.operands && tensors[t].extent == Extent::Column;
  return varies_along_columns(tensors[t].extent) && !is_sum;
}

// Whether elements that follow each other in a row do so in memory, in all that varies along it.
bool is_dense(const Geometry& geometry, const std::vector<RowTensor>& tensors) {
  if (geometry.reduced_rank != 1) return geometry.reduced_rank == 0;
  for (std::size_t t = 0; t < tensors.size(); ++t)
    if (is_walked_along(geometry, tensors, t) && geometry.sizes[0] > 1 && geometry.strides[t][0] != 1) return false;
  return true;
}

// Whether neighbouring rows, and not the elements of one, are neighbours in the memory of most that varies with both.
bool lies_across(const Geometry& geometry, const std::vector<RowTensor>& tensors) {
  const auto row = static_cast<std::size_t>(geometry.reduced_rank);
  if (geometry.reduced_rank != 1 || geometry.rank == 1) return false;
  if (geometry.sizes[row] < tuning::LeastRowsAcross) return false;
  int across = 0;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    if (tensors[t].extent != Extent::Element) continue;
    const bool is_across = geometry.strides[t][row] == 1;
    const bool is_along = geometry.strides[t][0] == 1 || columns_of(geometry) == 1;
    across += is_across && !is_along ? 1 : is_along && !is_across ? -1 : 0;
  }
  return across > 0;
}

// Whether no row is walked along: single elements are picked from it, and nothing is written along it.
bool is_only_picked_from(const TraceGraph& graph) {
  return std::ranges::none_of(graph.nodes, [](const TraceNode& node) { return node.op == ScalarOp::Reduce; }) &&
         std::ranges::all_of(graph.results, [](const TraceResult& r) { return r.extent == Extent::Row; });
}

// Whether all rows begin at multiples of 16 bytes, and end at the end of a vector.
bool is_aligned(const Geometry& geometry, const std::vector<RowTensor>& tensors, int width,
                std::span<const std::uintptr_t> addresses) {
  if (columns_of(geometry) % width != 0) return false;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    if (!is_walked_along(geometry, tensors, t)) continue;
    std::uint64_t bits = addresses[t];
    for (std::size_t d = 1; d < static_cast<std::size_t>(geometry.rank); ++d)
      if (geometry.sizes[d] > 1)
        bits |= static_cast<std::uint64_t>(geometry.strides[t][d]) * static_cast<std::uint64_t>(tensors[t].size_bytes);
    if (bits % tuning::AccessBytes != 0) return false;
  }
  return true;
}

// Which operand of element extent a node is, counted among those; nothing when it is none.
std::optional<std::size_t> factor_of(const std::vector<std::size_t>& elements, const TraceGraph& graph,
                                     std::int32_t node) {
  const std::int32_t operand = graph.nodes[static_cast<std::size_t>(node)].operand;
  const auto at = std::ranges::find(elements, static_cast<std::size_t>(operand));
  if (operand < 0 || at == elements.end()) return std::nullopt;
  return static_cast<std::size_t>(at - elements.begin());
}

// The space of products of few rows with those of a matrix, or of a batch of such pairs: of the operands of element
// extent the first varies along one kept dimension, of up to eight rows, the others along another, and all along a
// third. A block has rows of one matrix, or the same rows of two.
std::optional<RowSpace> product_space(const Geometry& geometry, const std::vector<RowTensor>& tensors,
                                      std::span<const std::uintptr_t> addresses) {
  constexpr std::size_t matrix = 1, few = 2, batch = 3;
  if (geometry.reduced_rank != 1) return std::nullopt;
  std::vector<std::size_t> factors;
  for (std::size_t t = 0; t < tensors.size(); ++t)
    if (tensors[t].extent == Extent::Element) factors.push_back(t);
  Geometry products = padded(geometry, 1, 3);
  for (const std::size_t d : {matrix, few, batch}) {
    products.sizes[d] = 1;
    for (auto& strides : products.strides) strides[d] = 0;
  }
  for (std::size_t d = 1; d < static_cast<std::size_t>(geometry.rank); ++d) {
    if (geometry.sizes[d] == 1) continue;
    const auto varies = [&](std::size_t factor) { return geometry.strides[factor][d] != 0; };
    const bool of_first = varies(factors[0]);
    const bool of_others = varies(factors[1]);
    for (const std::size_t other : factors)
      if (other != factors[0] && varies(other) != of_others) return std::nullopt;
    const std::size_t place = !of_first ? matrix : !of_others ? few : batch;
    if ((!of_first && !of_others) || products.sizes[place] != 1) return std::nullopt;
    products.sizes[place] = geometry.sizes[d];
    for (std::size_t t = 0; t < products.strides.size(); ++t) products.strides[t][place] = geometry.strides[t][d];
  }
  // One row of each is not shared.
  if (products.sizes[matrix] * products.sizes[few] * products.sizes[batch] == 1) return std::nullopt;
  if (products.sizes[few] > tuning::ProductRows) return std::nullopt;
  if (products.sizes[batch] > 1 && products.sizes[matrix] < tuning::ProductRows) return std::nullopt;
  constexpr int width = tuning::AccessBytes / 2;
  if (!is_dense(products, tensors) || !is_aligned(products, tensors, width, addresses)) return std::nullopt;
  return RowSpace{{LayoutClass::Products}, products};
}

}  // namespace

bool is_product(const TraceGraph& graph) {
  std::vector<std::size_t> elements;
  for (std::size_t i = 0; i < graph.operands.size(); ++i)
    if (graph.operands[i].form == OperandForm::Tensor && graph.operands[i].extent == Extent::Element)
      elements.push_back(i);
  if (elements.size() < 2 || elements.size() > tuning::MostMatrices + 1) return false;
  const DType storage = graph.operands[elements[0]].storage;
  const auto has_storage = [&](std::size_t i) { return graph.operands[i].storage == storage; };
  if ((storage != DType::F16 && storage != DType::BF16) || !std::ranges::all_of(elements, has_storage)) return false;

  std::vector<bool> summed(elements.size());
  for (const TraceNode& node : graph.nodes) {
    if (node.op == ScalarOp::Pick) return false;
    if (node.op != ScalarOp::Reduce) continue;
    const TraceNode& product = graph.nodes[static_cast<std::size_t>(node.args[0])];
    if (node.reduce != ReduceOp::Sum || product.op != ScalarOp::Mul) return false;
    const auto x = factor_of(elements, graph, product.args[0]);
    const auto y = factor_of(elements, graph, product.args[1]);
    if (!x || !y || std::min(*x, *y) != 0 || summed[std::max(*x, *y)]) return false;
    summed[std::max(*x, *y)] = true;
  }
  // Each but the first, once.
  return std::ranges::count(summed, true) + 1 == std::ssize(elements) && !summed[0] &&
         std::ranges::all_of(graph.results, [](const TraceResult& r) { return r.extent == Extent::Row; });
}

bool is_staged(const TraceGraph& graph, CudaTarget target) {
  return graph.is_rowwise &&
         staged_rows(facts_of(graph, {LayoutClass::RowStaged}), tuning::device_of(target)).has_value();
}

std::optional<RowSpace> row_space(const TraceGraph& graph, const Geometry& geometry,
                                  std::span<const std::uintptr_t> addresses, CudaTarget target) {
  constexpr int group = traits(LayoutClass::RowGeneric).rank / 2;
  constexpr int kept = traits(LayoutClass::RowHeld).rank - 1;
  if (geometry.reduced_rank > group || geometry.rank - geometry.reduced_rank > group ||
      size_from(geometry, geometry.reduced_rank) > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;

  const std::vector<RowTensor> tensors = tensors_of(graph);
  const KernelFacts facts = facts_of(graph, {LayoutClass::RowHeld});
  if (is_product(graph))
    if (auto space = product_space(geometry, tensors, addresses)) return space;
  // What neighbouring rows have in different threads has no sum over them.
  const bool is_by_rows = facts.sum_bytes == 0 && lies_across(geometry, tensors);
  const bool is_picked = geometry.reduced_rank <= 1 && is_only_picked_from(graph);
  if ((is_by_rows || is_picked) && geometry.rank - geometry.reduced_rank <= kept)
    return RowSpace{{LayoutClass::Columns}, padded(geometry, 1, kept)};
  if (!is_dense(geometry, tensors) || geometry.rank - geometry.reduced_rank > kept)
    return RowSpace{{LayoutClass::RowGeneric}, padded(geometry, group, group)};

  const Geometry rows = padded(geometry, 1, kept);
  const int width = row_width(facts);
  const bool aligned = is_aligned(rows, tensors, width, addresses);
  const std::int64_t vectors = ceil_div(columns_of(rows), width);
  const tuning::Device& device = tuning::device_of(target);
  const HeldRows held = held_rows(facts, device);
  const auto staged = staged_rows(facts, device);
  // One more where a row begins within a vector; and of rows that are longer still there is one kernel.
  const bool is_staged = staged && vectors < most_staged_vectors(*staged);
  Layout layout{is_staged            ? LayoutClass::RowStaged
                : aligned && !staged ? LayoutClass::RowLooped
                                     : LayoutClass::RowLoopedUnaligned};
  if (held.all > 0 && vectors <= most_vectors(held.all, held.ragged, width, columns_of(rows)))
    layout = {.cls = aligned ? LayoutClass::RowHeld : LayoutClass::RowHeldUnaligned,
              .held = static_cast<std::uint8_t>(vectors <= held.few ? 4 : 8)};
  return RowSpace{layout, rows};
}

}  // namespace gems
