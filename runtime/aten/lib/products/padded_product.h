// One call of a product through padded copies of its operands.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "products/padding.h"
#include "products/product_call.h"
#include "serve/call_counts.h"

namespace gems::aten {

// Copies, multiplies, and crops; on the current stream. result: the given one, or undefined and allocated. Where k is
// padded, both matrices have zeros there, so that no NaN or infinity comes of it; what is behind m and n is left as it
// is and not read. Nothing, or why ATen has to do the call: then nothing is written into the result. counts: where
// compiles of the copies are counted.
std::optional<DeclineReason> multiply_padded(const ProductCall& call, const Product& product, const Padding& padding,
                                             at::Tensor& result, CallCounts& counts);

// Of a call on CUDA: the product with a few vectors, or the padded one, if it pays.
std::optional<DeclineReason> multiply_faster(const ProductCall& call, at::Tensor& result, CallCounts& counts);

}  // namespace gems::aten
