// What a product costs, as it is and padded: a model of the library's kernels, of copies, and of launches.
#pragma once

#include <optional>

#include "products/padding.h"

namespace gems::aten {

// What is known of a device.
struct ProductRates {
  double memory_gbps = 0;  // the peak
};

// Those of a CUDA device. Nothing for architectures that have not been measured. Thread-safe.
std::optional<ProductRates> product_rates(int device);

// Microseconds: the larger of arithmetic at the library's rate for the alignment, with sizes rounded up to its tiles,
// and of memory traffic, and a launch.
double library_us(const Product& product, const ProductRates& rates);

// The same of the padded product, with the copies before and behind it; no less than the host takes to launch it all.
double padded_us(const Product& product, const Padding& padding, const ProductRates& rates);

// Whether padding is faster by more than the model may be wrong.
bool is_worthwhile(const Product& product, const Padding& padding, const ProductRates& rates);

// With how many vectors at most the product of a matrix is a rowwise op's, which reads the matrix once where rows of
// two-byte elements are aligned to 16 bytes; 0 where the library is as fast, and for a batch that shares one of its
// matrices.
std::int64_t most_vectors(const Product& product);

}  // namespace gems::aten
