// Products of a matrix and a few vectors: the matrix is read once, at the speed of memory, by a rowwise op.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "products/product_call.h"
#include "serve/call_counts.h"

namespace gems::aten {

// Whether a product is one of a matrix and at most a few vectors, all contiguous along the dimension that is summed,
// and takes no longer so than in the library.
bool is_thin(const ProductCall& call, const Product& product);

// Multiplies on the current stream. result: undefined and allocated, unless the call gives one. Nothing, or why ATen
// has to do the call.
std::optional<DeclineReason> multiply_thin(const ProductCall& call, const Product& product, at::Tensor& result,
                                           CallCounts& counts);

}  // namespace gems::aten
