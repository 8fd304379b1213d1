// The order of dimensions in memory, as PyTorch finds it.
#pragma once

#include <cstddef>
#include <utility>

namespace gems {

// Sorts the first `count` dimensions of `order`, innermost first. outside(a, b): 1: dimension a belongs outside of b,
// -1: inside, 0: nothing tells. Source: TensorIteratorBase::reorder_dimensions, an insertion sort: the relation is not
// transitive, so that another sort could give another order than PyTorch's.
template <class Order, class Outside>
void sort_dimensions(Order& order, std::size_t count, const Outside& outside) {
  for (std::size_t i = 1; i < count; ++i) {
    std::size_t at = i;
    for (std::size_t below = i; below-- > 0;) {
      const int relation = outside(order[below], order[at]);
      if (relation < 0) break;
      if (relation == 0) continue;
      std::swap(order[below], order[at]);
      at = below;
    }
  }
}

}  // namespace gems
