// From sizes and strides to the collapsed space of a rowwise call. See row_iteration_space.h.
#include "gems/runtime/row_iteration_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "gems/dsl/error.h"
#include "space/dimensions.h"

namespace gems {
namespace {

using Shape = std::vector<std::int64_t>;

// The call's tensors with the dimensions of its elements, of which some are reduced.
struct Rows {
  std::string_view op;
  Shape shape;  // of the elements
  std::uint64_t reduced;

  bool is_reduced(std::size_t d) const { return (reduced >> d & 1) != 0; }
  // The sizes of the reduced dimensions, or of the kept ones.
  Shape part(std::span<const std::int64_t> sizes, bool is_reduced_part) const {
    Shape sizes_of_part;
    for (std::size_t d = 0; d < sizes.size(); ++d)
      if (is_reduced(d) == is_reduced_part) sizes_of_part.push_back(sizes[d]);
    return sizes_of_part;
  }
};

std::size_t rank_of_elements(std::span<const NamedTensor> operands, std::span<const NamedTensor> results) {
  std::size_t rank = 0;
  for (const auto& tensors : {operands, results})
    for (const NamedTensor& tensor : tensors) rank = std::max(rank, tensor.view.sizes.size());
  return rank;
}

// Takes part in the shape of the elements: elements broadcast to one another, and to results that are larger.
void broadcast(Rows& rows, const NamedTensor& tensor) {
  const std::span<const std::int64_t> sizes = tensor.view.sizes;
  const std::size_t missing = rows.shape.size() - sizes.size();
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    std::int64_t& size = rows.shape[missing + d];
    if (size == 1)
      size = sizes[d];
    else if (sizes[d] != 1 && sizes[d] != size)
      throw Error(
          fmt::format("{}: '{}' of shape {} does not broadcast to the shape {} of the elements; each size must be "
                      "equal or 1, counted from the last dimension",
                      rows.op, tensor.name, shape_text(sizes), shape_text(rows.shape)));
  }
}

void check_full_rank(const Rows& rows, const NamedTensor& tensor) {
  if (tensor.view.sizes.size() == rows.shape.size()) return;
  throw Error(
      fmt::format("{}: '{}' has shape {}, the elements have {} dimensions; give it as many, of size 1 where it does "
                  "not vary",
                  rows.op, tensor.name, shape_text(tensor.view.sizes), rows.shape.size()));
}

// What varies along the rows, or along the columns, only: it has the very sizes of those dimensions, and 1 in the
// others.
void check_extent(const Rows& rows, const NamedTensor& tensor) {
  check_full_rank(rows, tensor);
  const bool is_column = tensor.extent == Extent::Column;
  const std::span<const std::int64_t> sizes = tensor.view.sizes;
  const Shape given = rows.part(sizes, is_column);
  const Shape expected = rows.part(rows.shape, is_column);
  if (given != expected) {
    const std::int64_t count = checked_count(rows.op, expected);
    const std::string shape = expected.size() > 1 ? fmt::format(" in the shape {}", shape_text(expected)) : "";
    const std::string found =
        is_column ? fmt::format("a row has {} elements{}; give one value for each element of a row", count, shape)
                  : fmt::format("there are {} rows{}; give one value for each row", count, shape);
    throw Error(fmt::format("{}: '{}' has shape {}, {}", rows.op, tensor.name, shape_text(given), found));
  }
  for (std::size_t d = 0; d < sizes.size(); ++d)
    if (rows.is_reduced(d) != is_column && sizes[d] != 1)
      throw Error(
          fmt::format("{}: '{}' has size {} in dimension {}, which is {}; it does not vary there, give it size 1",
                      rows.op, tensor.name, sizes[d], d, rows.is_reduced(d) ? "reduced" : "kept"));
}

void check_elements(const Rows& rows, const NamedTensor& result) {
  if (std::ranges::equal(result.view.sizes, rows.shape)) return;
  throw Error(fmt::format("{}: result '{}' has shape {}, the elements have shape {}; give one of that shape", rows.op,
                          result.name, shape_text(result.view.sizes), shape_text(rows.shape)));
}

void add_tensor(const Rows& rows, const NamedTensor& tensor, Dimensions& wide) {
  const TensorView& view = tensor.view;
  const std::size_t missing = rows.shape.size() - view.sizes.size();
  auto& strides = wide.strides[wide.tensors++];
  std::size_t at = 0;
  for (std::size_t d = 0; d < rows.shape.size(); ++d) {
    if (rows.shape[d] == 1) continue;
    const bool varies = d >= missing && view.sizes[d - missing] != 1;
    strides[at++] = varies ? view.strides[d - missing] : 0;
  }
}

// The tensors that vary along the rows are the larger ones: they decide, results before operands.
OrderedBy elements_first(const Dimensions& wide, std::span<const int> reduced, std::size_t operands,
                         std::size_t results) {
  const auto varies = [&](std::size_t t) {
    return std::ranges::any_of(reduced, [&](int d) { return wide.strides[t][static_cast<std::size_t>(d)] != 0; });
  };
  OrderedBy by;
  for (const bool varying : {true, false}) {
    for (std::size_t t = operands; t < operands + results; ++t)
      if (varies(t) == varying) by.add(t);
    for (std::size_t t = 0; t < operands; ++t)
      if (varies(t) == varying) by.add(t);
  }
  return by;
}

// The dimension of a row of one element.
void append_single(std::span<const NamedTensor> operands, std::span<const NamedTensor> results, Geometry& geometry) {
  const auto d = static_cast<std::size_t>(geometry.rank++);
  geometry.sizes[d] = 1;
  std::size_t t = 0;
  for (const auto& tensors : {operands, results})
    for (const NamedTensor& tensor : tensors) geometry.strides[t++][d] = varies_along_columns(tensor.extent) ? 1 : 0;
}

}  // namespace

IterationSpace row_iteration_space(std::string_view op, std::span<const NamedTensor> operands,
                                   std::span<const NamedTensor> results, std::uint64_t reduced) {
  check_tensor_count(op, operands.size() + results.size());
  if (results.empty()) throw Error(fmt::format("{}: no result tensor was given; a call needs at least one", op));
  for (const auto& tensors : {operands, results})
    for (const NamedTensor& tensor : tensors) check_view(op, tensor);
  Rows rows{.op = op, .shape = Shape(rank_of_elements(operands, results), 1), .reduced = reduced};
  if (rows.shape.size() < 64 && reduced >> rows.shape.size() != 0)
    throw Error(
        fmt::format("{}: a reduced dimension lies beyond the {} dimensions of the elements; set bits of "
                    "existing ones only",
                    op, rows.shape.size()));
  for (const auto& tensors : {operands, results})
    for (const NamedTensor& tensor : tensors)
      if (tensor.extent == Extent::Element) broadcast(rows, tensor);
  for (const auto& tensors : {operands, results})
    for (const NamedTensor& tensor : tensors)
      if (tensor.extent != Extent::Element) check_extent(rows, tensor);
  for (const NamedTensor& result : results) {
    if (result.extent == Extent::Element) check_elements(rows, result);
    check_distinct_elements(op, result);
  }

  IterationSpace space;
  space.element_count = checked_count(op, rows.shape);
  space.row_count = checked_count(op, rows.part(rows.shape, false));
  space.row_length = checked_count(op, rows.part(rows.shape, true));
  space.is_empty = std::ranges::all_of(results, [](const NamedTensor& result) {
    return std::ranges::find(result.view.sizes, 0) != result.view.sizes.end();
  });

  Dimensions wide;
  std::array<int, MaxInputRank> reduced_dims, kept_dims;
  std::size_t reduced_count = 0, kept_count = 0;
  for (std::size_t d = 0; d < rows.shape.size(); ++d) {
    if (rows.shape[d] == 1) continue;
    const int dim = wide.rank++;
    wide.sizes[static_cast<std::size_t>(dim)] = rows.shape[d];
    if (rows.is_reduced(d))
      reduced_dims[reduced_count++] = dim;
    else
      kept_dims[kept_count++] = dim;
  }
  for (const auto& tensors : {operands, results})
    for (const NamedTensor& tensor : tensors) add_tensor(rows, tensor, wide);

  Geometry& geometry = space.geometry;
  geometry.tensors = {operands.size(), results.size()};
  geometry.rank = 0;
  const std::span<int> in_rows(reduced_dims.data(), reduced_count);
  const std::span<int> across_rows(kept_dims.data(), kept_count);
  order_by_stride(wide, elements_first(wide, in_rows, operands.size(), results.size()), across_rows);
  std::ranges::reverse(in_rows);  // the elements of a row keep their order
  if (!append_collapsed(wide, in_rows, MaxRowRank, geometry))
    throw too_many_dimensions(op, fmt::format("a row of shape {}", shape_text(rows.part(rows.shape, true))),
                              MaxRowRank);
  if (geometry.rank == 0) append_single(operands, results, geometry);
  geometry.reduced_rank = geometry.rank;
  if (!append_collapsed(wide, across_rows, MaxRowRank, geometry))
    throw too_many_dimensions(op, fmt::format("the shape {} of the rows", shape_text(rows.part(rows.shape, false))),
                              MaxRowRank);
  return space;
}

}  // namespace gems
