// Products of a matrix and a few vectors: a rowwise op reads the matrix once, at the speed of memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "products/product_call.h"
#include "serve/call_counts.h"

namespace gems::aten {

// Whether a product is one of a matrix and of no more than most_vectors() vectors (product_cost.h), all of them
// contiguous along the dimension that is summed.
bool is_thin(const ProductCall& call, const Product& product);

// Multiplies on the current stream. result: the given one, or undefined and allocated. Nothing, or why ATen has to do
// the call: then nothing is written into the result. Counts as a call of gems::dot_rows, too.
std::optional<DeclineReason> multiply_thin(const ProductCall& call, const Product& product, at::Tensor& result,
                                           CallCounts& counts);

}  // namespace gems::aten
