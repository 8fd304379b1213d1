// From sizes and strides to the collapsed space of a pointwise call. See iteration_space.h.
#include "gems/runtime/iteration_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gems/dsl/error.h"
#include "space/dimensions.h"

namespace gems {
namespace {

void check_results(std::string_view op, std::span<const NamedTensor> results) {
  if (results.empty()) throw Error(fmt::format("{}: no result tensor was given; a call needs at least one", op));
  const NamedTensor& first = results.front();
  for (const NamedTensor& result : results) {
    check_view(op, result);
    if (!std::ranges::equal(result.view.sizes, first.view.sizes))
      throw Error(
          fmt::format("{}: result '{}' has shape {} but result '{}' has shape {}; all results of a call have "
                      "one shape",
                      op, result.name, shape_text(result.view.sizes), first.name, shape_text(first.view.sizes)));
    check_distinct_elements(op, result);
  }
}

Error mismatch(std::string_view op, const NamedTensor& tensor, std::span<const std::int64_t> shape) {
  return Error(
      fmt::format("{}: '{}' of shape {} does not broadcast to the result's shape {}; each size must be equal "
                  "or 1, counted from the last dimension",
                  op, tensor.name, shape_text(tensor.view.sizes), shape_text(shape)));
}

// Strides of one tensor in the shape of the results: 0 where it is broadcast. Dimensions of size 1 are left out of the
// space, so their strides never matter.
void add_tensor(std::string_view op, const NamedTensor& tensor, std::span<const std::int64_t> shape, Dimensions& wide) {
  const TensorView& view = tensor.view;
  if (view.sizes.size() > shape.size()) throw mismatch(op, tensor, shape);
  const std::size_t missing = shape.size() - view.sizes.size();
  std::int64_t* strides = wide.strides[wide.tensors++].data();
  for (std::size_t d = 0; d < missing; ++d)
    if (shape[d] != 1) *strides++ = 0;
  for (std::size_t d = missing; d < shape.size(); ++d) {
    const std::int64_t size = view.sizes[d - missing];
    if (size != shape[d] && size != 1) throw mismatch(op, tensor, shape);
    if (shape[d] != 1) *strides++ = size == 1 ? 0 : view.strides[d - missing];
  }
}

// TensorIterator's list of operands starts with the results.
OrderedBy results_first(std::size_t operands, std::size_t results) {
  OrderedBy by;
  for (std::size_t r = 0; r < results; ++r) by.add(operands + r);
  for (std::size_t t = 0; t < operands; ++t) by.add(t);
  return by;
}

}  // namespace

IterationSpace iteration_space(std::string_view op, std::span<const NamedTensor> operands,
                               std::span<const NamedTensor> results) {
  check_tensor_count(op, operands.size() + results.size());
  check_results(op, results);
  const std::span<const std::int64_t> shape = results.front().view.sizes;
  Dimensions wide;
  for (std::int64_t size : shape)
    if (size != 1) wide.sizes[static_cast<std::size_t>(wide.rank++)] = size;
  for (const NamedTensor& operand : operands) {
    check_view(op, operand);
    add_tensor(op, operand, shape, wide);
  }
  for (const NamedTensor& result : results) add_tensor(op, result, shape, wide);

  IterationSpace space;
  space.element_count = checked_count(op, shape);
  space.is_empty = space.element_count == 0;
  Geometry& geometry = space.geometry;
  geometry.tensors = {operands.size(), results.size()};
  if (space.element_count <= 1) {
    geometry.sizes[0] = space.element_count;
    for (std::size_t t = 0; t < wide.tensors; ++t) geometry.strides[t][0] = 1;
    return space;
  }
  std::array<int, MaxInputRank> order;
  const std::span<int> dims(order.data(), static_cast<std::size_t>(wide.rank));
  std::iota(dims.begin(), dims.end(), 0);
  order_by_stride(wide, results_first(operands.size(), results.size()), dims);
  geometry.rank = 0;
  if (!append_collapsed(wide, dims, MaxRank, geometry))
    throw too_many_dimensions(op, fmt::format("shape {}", shape_text(shape)), MaxRank);
  return space;
}

}  // namespace gems
