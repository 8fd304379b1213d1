// From sizes and strides to the collapsed iteration space and its layout. See iteration_space.h.
#include "gems/runtime/iteration_space.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "gems/dsl/error.h"

namespace gems {
namespace {

// PyTorch's own limit on dimensions.
constexpr int MaxInputRank = 64;

// Dimensions before collapsing, outermost first as they came, of every tensor after broadcasting.
struct WideSpace {
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
void add_tensor(std::string_view op, const NamedTensor& tensor, std::span<const std::int64_t> shape, WideSpace& space) {
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
int compare_dimensions(const WideSpace& space, std::size_t result_count, int a, int b) {
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

// Innermost first. The insertion sort of TensorIterator: the relation is not transitive, so another sort could give
// another order than PyTorch's.
std::array<int, MaxInputRank> ordered_dimensions(const WideSpace& space, std::size_t result_count) {
  std::array<int, MaxInputRank> order;
  for (int d = 0; d < space.rank; ++d) order[static_cast<std::size_t>(d)] = space.rank - 1 - d;
  for (int i = 1; i < space.rank; ++i) {
    int at = i;
    for (int below = i - 1; below >= 0; --below) {
      const int relation = compare_dimensions(space, result_count, order[static_cast<std::size_t>(below)],
                                              order[static_cast<std::size_t>(at)]);
      if (relation > 0) {
        std::swap(order[static_cast<std::size_t>(below)], order[static_cast<std::size_t>(at)]);
        at = below;
      } else if (relation < 0) {
        break;
      }
    }
  }
  return order;
}

Step step_of(std::int64_t stride, bool innermost) {
  if (stride == 0) return Step::Broadcast;
  return innermost && stride == 1 ? Step::Contiguous : Step::Strided;
}

std::uintptr_t address(const TensorView& view) { return reinterpret_cast<std::uintptr_t>(view.data); }

const NamedTensor& tensor_at(std::size_t i, std::span<const NamedTensor> operands,
                             std::span<const NamedTensor> results) {
  return i < operands.size() ? operands[i] : results[i - operands.size()];
}

void check_address(std::string_view op, const NamedTensor& tensor, std::size_t align_bytes) {
  if (address(tensor.view) % align_bytes != 0)
    throw Error(
        fmt::format("{}: '{}' of {} lies at an address that is not a multiple of {} bytes; copy it to an "
                    "aligned buffer first",
                    op, tensor.name, name(tensor.view.dtype), align_bytes));
}

// True when a result is exactly an operand. An empty space aliases nothing.
bool find_aliasing(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                   std::span<const NamedTensor> results) {
  if (space.element_count == 0) return false;
  const Geometry& geometry = space.geometry;
  bool aliased = false;
  for (std::size_t r = 0; r < results.size(); ++r)
    for (std::size_t o = 0; o < operands.size(); ++o) {
      if (results[r].view.data != operands[o].view.data) continue;
      const auto& result_strides = geometry.strides[operands.size() + r];
      const auto& operand_strides = geometry.strides[o];
      if (results[r].view.dtype != operands[o].view.dtype ||
          !std::equal(result_strides.begin(), result_strides.begin() + geometry.rank, operand_strides.begin()))
        throw Error(
            fmt::format("{}: result '{}' starts at the address of operand '{}' but walks the memory otherwise; "
                        "a result may be an operand, not overlap one: write to a fresh tensor",
                        op, results[r].name, operands[o].name));
      aliased = true;
    }
  return aliased;
}

// The largest power of two up to 16 that divides the address and every outer stride, as one of the classes of
// OperandLayout::align_bytes. Only a contiguous run is read in vectors; anything else by the element.
std::uint8_t align_class(const Geometry& geometry, std::size_t tensor, const TensorView& view) {
  const std::size_t element = size_bytes(view.dtype);
  const auto& strides = geometry.strides[tensor];
  if (strides[0] != 1) return static_cast<std::uint8_t>(element);
  std::uintptr_t bits = address(view);
  for (int d = 1; d < geometry.rank; ++d)
    bits |= static_cast<std::uintptr_t>(strides[static_cast<std::size_t>(d)]) * element;
  if (bits % 16 == 0) return 16;
  return static_cast<std::uint8_t>(element < 4 && bits % 4 == 0 ? 4 : element);
}

bool needs_wide_index(const IterationSpace& space, std::size_t tensors) {
  constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max();
  if (space.element_count > limit) return true;
  const Geometry& geometry = space.geometry;
  for (std::size_t t = 0; t < tensors; ++t) {
    std::int64_t last = 0;
    for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d) {
      std::int64_t reach = 0;
      if (__builtin_mul_overflow(geometry.sizes[d] - 1, geometry.strides[t][d], &reach) ||
          __builtin_add_overflow(last, reach, &last) || last > limit)
        return true;
    }
  }
  return false;
}

}  // namespace

IterationSpace iteration_space(std::string_view op, std::span<const NamedTensor> operands,
                               std::span<const NamedTensor> results) {
  if (operands.size() + results.size() > MaxTensors)
    throw Error(fmt::format("{}: {} tensors in one call; at most {} are supported", op,
                            operands.size() + results.size(), MaxTensors));
  check_results(op, results);
  const std::span<const std::int64_t> shape = results.front().view.sizes;
  WideSpace wide;
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

Layout cuda_layout(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                   std::span<const NamedTensor> results) {
  const Geometry& geometry = space.geometry;
  const std::size_t tensors = operands.size() + results.size();
  Layout layout;
  layout.rank = static_cast<std::uint8_t>(geometry.rank <= 3 ? geometry.rank : geometry.rank == 4 ? 4 : 8);
  layout.wide_index = needs_wide_index(space, tensors);
  layout.aliased = find_aliasing(op, space, operands, results);
  for (std::size_t t = 0; t < tensors; ++t) {
    const NamedTensor& tensor = tensor_at(t, operands, results);
    check_address(op, tensor, size_bytes(tensor.view.dtype));
    OperandLayout entry;
    if (geometry.rank > 3) {
      entry.steps = {Step::Strided, Step::Strided, Step::Strided};
      entry.align_bytes = static_cast<std::uint8_t>(size_bytes(tensor.view.dtype));
    } else {
      for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d)
        entry.steps[d] = step_of(geometry.strides[t][d], d == 0);
      entry.align_bytes = align_class(geometry, t, tensor.view);
    }
    (t < operands.size() ? layout.operands : layout.results).push_back(entry);
  }
  return layout;
}

Layout cpu_layout(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                  std::span<const NamedTensor> results) {
  const std::size_t tensors = operands.size() + results.size();
  Layout layout;
  layout.aliased = find_aliasing(op, space, operands, results);
  for (std::size_t t = 0; t < tensors; ++t) {
    const NamedTensor& tensor = tensor_at(t, operands, results);
    // On the CPU a complex element is as aligned as its parts.
    check_address(op, tensor, size_bytes(real_of(tensor.view.dtype)));
    OperandLayout entry;
    entry.steps[0] = step_of(space.geometry.strides[t][0], true);
    entry.align_bytes = static_cast<std::uint8_t>(size_bytes(tensor.view.dtype));
    (t < operands.size() ? layout.operands : layout.results).push_back(entry);
  }
  return layout;
}

Geometry padded(const Geometry& geometry, int rank) {
  Geometry wide = geometry;
  for (int d = geometry.rank; d < rank; ++d) wide.sizes[static_cast<std::size_t>(d)] = 1;
  wide.rank = std::max(rank, geometry.rank);
  return wide;
}

}  // namespace gems
