// Random calls: a shape, and operands and results that broadcast to it in every way that PyTorch's views can produce.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "gems/runtime/arguments.h"

namespace gems::test {

using Random = std::mt19937;

inline int pick(Random& random, int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); }

// Sizes and strides of one tensor; offset_elems is where its first element lies in its buffer.
struct Shaped {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
  std::int64_t offset_elems = 0;

  TensorView view(void* data, DType dtype) const {
    return {.data = static_cast<char*>(data) + offset_elems * static_cast<std::int64_t>(size_bytes(dtype)),
            .dtype = dtype,
            .sizes = sizes,
            .strides = strides};
  }
  // How many elements a buffer needs to hold it.
  std::int64_t extent_elems() const {
    std::int64_t last = offset_elems;
    for (std::size_t d = 0; d < sizes.size(); ++d) last += std::max<std::int64_t>(sizes[d] - 1, 0) * strides[d];
    return last + 1;
  }
};

// Dense in the order given (outermost first), then spread: some dimensions sliced with a step, so that nothing merges
// across them.
inline Shaped dense(Random& random, const std::vector<std::int64_t>& sizes, const std::vector<int>& order,
                    bool sliced) {
  Shaped shaped{sizes, std::vector<std::int64_t>(sizes.size())};
  std::int64_t stride = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto d = static_cast<std::size_t>(order[i]);
    if (sliced && pick(random, 3) == 0) stride *= 2;
    shaped.strides[d] = stride;
    stride *= std::max<std::int64_t>(sizes[d], 1) + (sliced && pick(random, 3) == 0 ? 1 : 0);
  }
  if (sliced) shaped.offset_elems = pick(random, 4);
  return shaped;
}

inline std::vector<int> random_order(Random& random, std::size_t rank) {
  std::vector<int> order(rank);
  std::iota(order.begin(), order.end(), 0);
  if (pick(random, 2) == 0) std::ranges::shuffle(order, random);
  return order;
}

inline std::vector<std::int64_t> random_shape(Random& random, int max_rank, int max_size) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(pick(random, max_rank + 1)));
  for (std::int64_t& size : shape) size = 1 + pick(random, max_size);
  return shape;
}

inline Shaped random_result(Random& random, const std::vector<std::int64_t>& shape) {
  return dense(random, shape, random_order(random, shape.size()), pick(random, 3) == 0);
}

// Some dimensions of size 1, or left out at the front, or expanded (stride 0).
inline Shaped random_operand(Random& random, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> sizes = shape;
  if (pick(random, 3) == 0)
    sizes.erase(sizes.begin(), sizes.begin() + pick(random, static_cast<int>(sizes.size()) + 1));
  if (pick(random, 2) == 0)
    for (std::int64_t& size : sizes)
      if (pick(random, 3) == 0) size = 1;
  Shaped shaped = dense(random, sizes, random_order(random, sizes.size()), pick(random, 3) == 0);
  if (pick(random, 4) == 0)
    for (std::int64_t& stride : shaped.strides)
      if (pick(random, 3) == 0) stride = 0;
  return shaped;
}

// The element that index (of the result's shape) means in a tensor that broadcasts to it; leading dimensions may lack.
inline std::int64_t element_at(const Shaped& shaped, const std::vector<std::int64_t>& index) {
  std::int64_t at = shaped.offset_elems;
  const std::size_t missing = index.size() - shaped.sizes.size();
  for (std::size_t d = 0; d < shaped.sizes.size(); ++d)
    if (shaped.sizes[d] != 1) at += index[missing + d] * shaped.strides[d];
  return at;
}

// Calls fn with every index of the shape, last dimension fastest.
template <class Fn>
void for_each_index(const std::vector<std::int64_t>& shape, Fn fn) {
  if (std::ranges::find(shape, 0) != shape.end()) return;
  std::vector<std::int64_t> index(shape.size(), 0);
  for (;;) {
    fn(index);
    std::size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

}  // namespace gems::test
