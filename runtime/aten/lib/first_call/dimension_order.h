// The order of a new result's dimensions in memory, from the strides of the operands, as at::TensorIterator finds it.
// For sizes that are numbers or symbols.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

#include <cstddef>
#include <span>
#include <utility>

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

  // Innermost first. Source: TensorIteratorBase::reorder_dimensions, an insertion sort from the last dimension to the
  // first; the relation is not transitive, so that another sort could give another order.
  c10::SmallVector<std::size_t, 8> get() const {
    c10::SmallVector<std::size_t, 8> order;
    for (std::size_t dim = sizes_.size(); dim-- > 0;) order.push_back(dim);
    for (std::size_t i = 1; i < order.size(); ++i) {
      std::size_t moving = i;
      for (std::size_t other = i; other-- > 0;) {
        const int comparison = compare(order[moving], order[other]);
        if (comparison < 0) break;
        if (comparison > 0) {
          std::swap(order[moving], order[other]);
          moving = other;
        }
      }
    }
    return order;
  }

 private:
  // Whether dimension a lies inside of b (1) or outside (-1), or the operands do not say (0).
  int compare(std::size_t a, std::size_t b) const {
    for (const at::Tensor* tensor : tensors_) {
      const Int stride_a = stride_along(*tensor, a);
      const Int stride_b = stride_along(*tensor, b);
      if (stride_a == 0 || stride_b == 0) continue;
      if (stride_a > stride_b) return -1;
      if (stride_a < stride_b || sizes_[b] > sizes_[a]) return 1;
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
