// The dimensions of a call as its tensors come: what pointwise and rowwise iteration spaces are made from.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gems/dsl/error.h"
#include "gems/runtime/iteration_space.h"

namespace gems {

// PyTorch's own limit on dimensions.
inline constexpr int MaxInputRank = 64;

// Before collapsing, outermost first as they came; those of size 1 are left out. Strides of every tensor of the call,
// 0 where it is broadcast.
struct Dimensions {
  int rank = 0;
  std::size_t tensors = 0;
  std::array<std::int64_t, MaxInputRank> sizes;
  std::array<std::array<std::int64_t, MaxInputRank>, MaxTensors> strides;
};

// "(4, 8)"
std::string shape_text(std::span<const std::int64_t> sizes);

// Each throws gems::Error naming the op, and the tensor.
void check_tensor_count(std::string_view op, std::size_t count);
void refuse_view(std::string_view op, const NamedTensor& tensor);
inline void check_view(std::string_view op, const NamedTensor& tensor) {
  const TensorView& view = tensor.view;
  bool is_right = view.sizes.size() == view.strides.size() && view.sizes.size() <= MaxInputRank;
  std::int64_t signs = 0;
  for (std::size_t d = 0; is_right && d < view.sizes.size(); ++d) signs |= view.sizes[d] | view.strides[d];
  if (!is_right || signs < 0) [[unlikely]]
    refuse_view(op, tensor);
}
// No element of the result lies where another does.
void check_distinct_elements(std::string_view op, const NamedTensor& result);
// The product of the sizes; 0 if one of them is.
std::int64_t checked_count(std::string_view op, std::span<const std::int64_t> sizes);

// Which tensors decide on the order of dimensions, the first one that can.
struct OrderedBy {
  std::array<std::size_t, MaxTensors> tensors;
  std::size_t count = 0;
  void add(std::size_t tensor) { tensors[count++] = tensor; }
};

// The dimensions of a subset, given outermost first, by stride: innermost first in place.
// Source: TensorIteratorBase::reorder_dimensions.
void order_by_stride(const Dimensions& wide, const OrderedBy& by, std::span<int> dims);

// Appends the dimensions, given innermost first, to the geometry: those that every tensor walks as one become one. They
// are not joined with those of an earlier call. False where more than `most` dimensions are left.
[[nodiscard]] bool append_collapsed(const Dimensions& wide, std::span<const int> dims, int most, Geometry& geometry);
// What is then thrown. what: "shape (4, 8)".
Error too_many_dimensions(std::string_view op, std::string_view what, int most);

}  // namespace gems
