// Products of a matrix and a few vectors: a rowwise op reads the matrix once, at the speed of memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string_view>

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

// What becomes of a product before it is rounded: act(product) + residual.
struct Epilogue {
  std::string_view act;                  // as of dot_rows_act (fused_rows.h)
  const at::Tensor* residual = nullptr;  // null: none. In the shape of the product
};

// The same of a product without alpha and beta, into new memory. Counts as a call of gems::dot_rows_act.
std::optional<DeclineReason> multiply_thin(const ProductCall& call, const Product& product, const Epilogue& epilogue,
                                           at::Tensor& result);

// act(gate) * value of two products of the same few rows, no more than either matrix has, in one launch. product: that
// of gates; values have its sizes. Counts as a call of gems::dot_rows_gate.
std::optional<DeclineReason> multiply_thin_gate(const ProductCall& gates, const ProductCall& values,
                                                const Product& product, std::string_view act, at::Tensor& result);

}  // namespace gems::aten
