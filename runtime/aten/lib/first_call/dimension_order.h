// The order of a new result's dimensions in memory, from the strides of the operands, as at::TensorIterator finds it.
// For sizes that are numbers or symbols.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

#include <cstddef>
#include <span>

#include "gems/runtime/sort_dimensions.h"

namespace gems::aten {

inline at::IntArrayRef sizes_of(const at::Tensor& tensor, std::int64_t) { return tensor.sizes(); }
inline at::IntArrayRef strides_of(const at::Tensor& tensor, std::int64_t) { return tensor.strides(); }
inline c10::SymIntArrayRef sizes_of(const at::Tensor& tensor, const c10::SymInt&) { return tensor.sym_sizes(); }
inline c10::SymIntArrayRef strides_of(const at::Tensor& tensor, const c10::SymInt&) { return tensor.sym_strides(); }

template <class Int>
class DimensionOrder {
 public:
  // The first operand that decides does.
  DimensionOrder(std::span<const at::Tensor* const> tensors, c10::ArrayRef<Int> sizes)
      : tensors_(tensors), sizes_(sizes) {}

  // Innermost first.
  c10::SmallVector<std::size_t, 8> get() const {
    c10::SmallVector<std::size_t, 8> order;
    for (std::size_t dim = sizes_.size(); dim-- > 0;) order.push_back(dim);
    sort_dimensions(order, order.size(), [&](std::size_t a, std::size_t b) { return outside(a, b); });
    return order;
  }

 private:
  // Whether dimension a lies outside of b (1) or inside (-1), or the operands do not say (0).
  int outside(std::size_t a, std::size_t b) const {
    for (const at::Tensor* tensor : tensors_) {
      const Int stride_a = stride_along(*tensor, a);
      const Int stride_b = stride_along(*tensor, b);
      if (stride_a == 0 || stride_b == 0) continue;
      if (stride_b > stride_a) return -1;
      if (stride_b < stride_a || sizes_[a] > sizes_[b]) return 1;
    }
    return 0;
  }

  // 0 where the operand is broadcast.
  Int stride_along(const at::Tensor& tensor, std::size_t dim) const {
    const auto sizes = sizes_of(tensor, Int());
    const std::size_t missing = sizes_.size() - sizes.size();
    if (dim < missing) return 0;
    if (sizes[dim - missing] == 1 && sizes_[dim] != 1) return 0;
    return strides_of(tensor, Int())[dim - missing];
  }

  std::span<const at::Tensor* const> tensors_;
  c10::ArrayRef<Int> sizes_;
};

}  // namespace gems::aten
