// From sizes and strides to the collapsed iteration space. See iteration_space.h.
#include "gems/runtime/iteration_space.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gems/dsl/error.h"
#include "gems/runtime/sort_dimensions.h"

namespace gems {
namespace {

// PyTorch's own limit on dimensions.
constexpr int MaxInputRank = 64;

// Dimensions before collapsing, outermost first as they came, of every tensor after broadcasting.
struct Extents {
  int rank = 0;
  std::size_t tensors = 0;
  std::array<std::int64_t, MaxInputRank> sizes;
  std::array<std::array<std::int64_t, MaxInputRank>, MaxTensors> strides;
};

std::string shape_text(std::span<const std::int64_t> sizes) { return fmt::format("({})", fmt::join(sizes, ", ")); }

void check_view(std::string_view op, const NamedTensor& tensor) {
  const TensorView& view = tensor.view;
  if (view.sizes.size() != view.strides.size())
    throw Error(fmt::format("{}: '{}' has {} sizes and {} strides; give one stride per size", op, tensor.name,
                            view.sizes.size(), view.strides.size()));
  if (view.sizes.size() > static_cast<std::size_t>(MaxInputRank))
    throw Error(fmt::format("{}: '{}' has {} dimensions; at most {} are supported", op, tensor.name, view.sizes.size(),
                            MaxInputRank));
  for (std::size_t d = 0; d < view.sizes.size(); ++d) {
    if (view.sizes[d] < 0)
      throw Error(
          fmt::format("{}: '{}' has size {} in dimension {}; sizes are at least 0", op, tensor.name, view.sizes[d], d));
    if (view.strides[d] < 0)
      throw Error(
          fmt::format("{}: '{}' has stride {} in dimension {}; strides are at least 0, make a copy in "
                      "ascending order first",
                      op, tensor.name, view.strides[d], d));
  }
}

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
    for (std::size_t d = 0; d < result.view.sizes.size(); ++d)
      if (result.view.sizes[d] > 1 && result.view.strides[d] == 0)
        throw Error(
            fmt::format("{}: result '{}' has stride 0 in dimension {} of size {}, so that elements share "
                        "memory; give a result without expanded dimensions",
                        op, result.name, d, result.view.sizes[d]));
  }
}

std::int64_t checked_count(std::string_view op, std::span<const std::int64_t> sizes) {
  if (std::ranges::find(sizes, 0) != sizes.end()) return 0;
  std::int64_t count = 1;
  for (std::int64_t size : sizes)
    if (__builtin_mul_overflow(count, size, &count))
      throw Error(fmt::format("{}: shape {} has more than 2^63 elements", op, shape_text(sizes)));
  return count;
}

// Strides of one tensor in the shape of the results: 0 where it is broadcast. Dimensions of size 1 are left out of the
// space, so their strides never matter.
void add_tensor(std::string_view op, const NamedTensor& tensor, std::span<const std::int64_t> shape, Extents& space) {
  const TensorView& view = tensor.view;
  const auto mismatch = [&] {
    return Error(
        fmt::format("{}: '{}' of shape {} does not broadcast to the result's shape {}; each size must be equal "
                    "or 1, counted from the last dimension",
                    op, tensor.name, shape_text(view.sizes), shape_text(shape)));
  };
  if (view.sizes.size() > shape.size()) throw mismatch();
  const std::size_t missing = shape.size() - view.sizes.size();
  auto& strides = space.strides[space.tensors++];
  int kept = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::int64_t size = d < missing ? 1 : view.sizes[d - missing];
    if (size != shape[d] && size != 1) throw mismatch();
    if (shape[d] == 1) continue;
    strides[static_cast<std::size_t>(kept++)] = size == 1 ? 0 : view.strides[d - missing];
  }
}

// 1: dimension a belongs outside b. -1: inside. 0: no tensor tells. The first tensor with a difference decides; a
// broadcast dimension says nothing; equal strides (possible only beside broadcasting) put the larger size outside.
// Source: TensorIteratorBase::reorder_dimensions, whose operand list starts with the results.
int compare_dimensions(const Extents& space, std::size_t result_count, int a, int b) {
  for (std::size_t i = 0; i < space.tensors; ++i) {
    const std::size_t t = i < result_count ? space.tensors - result_count + i : i - result_count;
    const std::int64_t stride_a = space.strides[t][static_cast<std::size_t>(a)];
    const std::int64_t stride_b = space.strides[t][static_cast<std::size_t>(b)];
    if (stride_a == 0 || stride_b == 0) continue;
    if (stride_a != stride_b) return stride_a < stride_b ? -1 : 1;
    if (space.sizes[static_cast<std::size_t>(a)] > space.sizes[static_cast<std::size_t>(b)]) return 1;
  }
  return 0;
}

// Innermost first.
std::array<int, MaxInputRank> ordered_dimensions(const Extents& space, std::size_t result_count) {
  std::array<int, MaxInputRank> order;
  for (int d = 0; d < space.rank; ++d) order[static_cast<std::size_t>(d)] = space.rank - 1 - d;
  sort_dimensions(order, static_cast<std::size_t>(space.rank),
                  [&](int a, int b) { return compare_dimensions(space, result_count, a, b); });
  return order;
}

}  // namespace

IterationSpace iteration_space(std::string_view op, std::span<const NamedTensor> operands,
                               std::span<const NamedTensor> results) {
  if (operands.size() + results.size() > MaxTensors)
    throw Error(fmt::format("{}: {} tensors in one call; at most {} are supported", op,
                            operands.size() + results.size(), MaxTensors));
  check_results(op, results);
  const std::span<const std::int64_t> shape = results.front().view.sizes;
  Extents wide;
  for (std::int64_t size : shape)
    if (size != 1) wide.sizes[static_cast<std::size_t>(wide.rank++)] = size;
  for (const NamedTensor& operand : operands) {
    check_view(op, operand);
    add_tensor(op, operand, shape, wide);
  }
  for (const NamedTensor& result : results) add_tensor(op, result, shape, wide);

  IterationSpace space;
  space.element_count = checked_count(op, shape);
  Geometry& geometry = space.geometry;
  geometry.tensors = {operands.size(), results.size()};
  if (space.element_count <= 1) {
    geometry.sizes[0] = space.element_count;
    for (std::size_t t = 0; t < wide.tensors; ++t) geometry.strides[t][0] = 1;
    return space;
  }

  const auto order = ordered_dimensions(wide, results.size());
  std::size_t top = 0;  // the collapsed dimension that grows
  bool started = false;
  for (int i = 0; i < wide.rank; ++i) {
    const auto d = static_cast<std::size_t>(order[static_cast<std::size_t>(i)]);
    bool merges = started;
    for (std::size_t t = 0; merges && t < wide.tensors; ++t)
      merges = wide.strides[t][d] == geometry.strides[t][top] * geometry.sizes[top];
    if (merges) {
      geometry.sizes[top] *= wide.sizes[d];
      continue;
    }
    if (started && ++top == static_cast<std::size_t>(MaxRank))
      throw Error(
          fmt::format("{}: shape {} leaves more than {} dimensions that cannot be walked as one; make an operand "
                      "contiguous first",
                      op, shape_text(shape), MaxRank));
    started = true;
    geometry.sizes[top] = wide.sizes[d];
    for (std::size_t t = 0; t < wide.tensors; ++t) geometry.strides[t][top] = wide.strides[t][d];
  }
  geometry.rank = static_cast<int>(top) + 1;
  return space;
}

}  // namespace gems
