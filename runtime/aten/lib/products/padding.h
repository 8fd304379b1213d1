// Which matrices of a product are copied into padded ones, so that the library finds a fast kernel.
#pragma once

#include <cstdint>
#include <optional>

#include "products/product.h"

namespace gems::aten {

struct Padding {
  // Sizes of the product that the library computes.
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool copies_a = false;
  bool copies_b = false;
  // b is read where it is, up to the last multiple of the alignment; only the columns behind are copied, and multiplied
  // by themselves.
  bool splits_n = false;
  bool buffers_result = false;  // the library's result is larger than the caller's, or lies elsewhere
  bool copies_result = false;   // and the caller's is not the beginning of it

  auto operator<=>(const Padding&) const = default;
};

// Each size that is contiguous in a matrix becomes a multiple of 16 bytes, and matrices at other addresses or strides
// are copied. Nothing when all is aligned already.
std::optional<Padding> padding_of(const Product& product);

}  // namespace gems::aten
