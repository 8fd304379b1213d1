// Checks, order and collapse of dimensions. See dimensions.h.
#include "space/dimensions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gems/dsl/error.h"
#include "gems/runtime/sort_dimensions.h"

namespace gems {
namespace {

// 1: dimension a belongs outside b. -1: inside. 0: no tensor tells. The first tensor with a difference decides; a
// broadcast dimension says nothing; equal strides (possible only beside broadcasting) put the larger size outside.
int compare_dimensions(const Dimensions& wide, const OrderedBy& by, int a, int b) {
  for (std::size_t i = 0; i < by.count; ++i) {
    const auto& strides = wide.strides[by.tensors[i]];
    const std::int64_t stride_a = strides[static_cast<std::size_t>(a)];
    const std::int64_t stride_b = strides[static_cast<std::size_t>(b)];
    if (stride_a == 0 || stride_b == 0) continue;
    if (stride_a != stride_b) return stride_a < stride_b ? -1 : 1;
    if (wide.sizes[static_cast<std::size_t>(a)] > wide.sizes[static_cast<std::size_t>(b)]) return 1;
  }
  return 0;
}

}  // namespace

std::string shape_text(std::span<const std::int64_t> sizes) { return fmt::format("({})", fmt::join(sizes, ", ")); }

void check_tensor_count(std::string_view op, std::size_t count) {
  if (count > MaxTensors)
    throw Error(fmt::format("{}: {} tensors in one call; at most {} are supported", op, count, MaxTensors));
}

void refuse_view(std::string_view op, const NamedTensor& tensor) {
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

void check_distinct_elements(std::string_view op, const NamedTensor& result) {
  for (std::size_t d = 0; d < result.view.sizes.size(); ++d)
    if (result.view.sizes[d] > 1 && result.view.strides[d] == 0)
      throw Error(
          fmt::format("{}: result '{}' has stride 0 in dimension {} of size {}, so that elements share "
                      "memory; give a result without expanded dimensions",
                      op, result.name, d, result.view.sizes[d]));
}

std::int64_t checked_count(std::string_view op, std::span<const std::int64_t> sizes) {
  if (std::ranges::find(sizes, 0) != sizes.end()) return 0;
  std::int64_t count = 1;
  for (std::int64_t size : sizes)
    if (__builtin_mul_overflow(count, size, &count))
      throw Error(fmt::format("{}: shape {} has more than 2^63 elements", op, shape_text(sizes)));
  return count;
}

void order_by_stride(const Dimensions& wide, const OrderedBy& by, std::span<int> dims) {
  std::ranges::reverse(dims);
  sort_dimensions(dims, dims.size(), [&](int a, int b) { return compare_dimensions(wide, by, a, b); });
}

bool append_collapsed(const Dimensions& wide, std::span<const int> dims, int most, Geometry& geometry) {
  const int first = geometry.rank;
  for (const int dim : dims) {
    const auto d = static_cast<std::size_t>(dim);
    const auto top = static_cast<std::size_t>(geometry.rank - 1);  // the collapsed dimension that grows
    bool merges = geometry.rank > first;
    for (std::size_t t = 0; merges && t < wide.tensors; ++t)
      merges = wide.strides[t][d] == geometry.strides[t][top] * geometry.sizes[top];
    if (merges) {
      geometry.sizes[top] *= wide.sizes[d];
      continue;
    }
    if (geometry.rank - first == most) return false;
    const auto next = static_cast<std::size_t>(geometry.rank++);
    geometry.sizes[next] = wide.sizes[d];
    for (std::size_t t = 0; t < wide.tensors; ++t) geometry.strides[t][next] = wide.strides[t][d];
  }
  return true;
}

Error too_many_dimensions(std::string_view op, std::string_view what, int most) {
  return Error(
      fmt::format("{}: {} leaves more than {} dimensions that cannot be walked as one; make an operand "
                  "contiguous first",
                  op, what, most));
}

}  // namespace gems
