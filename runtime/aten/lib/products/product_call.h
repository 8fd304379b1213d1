// ProductCall: a call of mm, bmm, addmm, baddbmm or addmv, and what a padding must know of its tensors.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/FunctionRef.h>

#include <optional>
#include <span>

#include "gems/aten/decline.h"
#include "products/product.h"

namespace gems::aten {

struct ProductCall {
  // ATen's own product, of matrices and an addend (null: without one) of other sizes than the call's, into a result of
  // the right shape.
  using Multiply =
      c10::function_ref<void(const at::Tensor* addend, const at::Tensor& a, const at::Tensor& b, at::Tensor& out)>;

  const at::Tensor* addend = nullptr;  // null: none. Broadcast to the result
  const at::Tensor* a = nullptr;       // [m, k], or [batch, m, k]
  const at::Tensor* b = nullptr;       // [k, n], or [batch, k, n]; or [k] beside [m, k]
  const at::Tensor* out = nullptr;     // null: the result is allocated. May be the addend
  const at::Scalar* beta = nullptr;    // null: one
  const at::Scalar* alpha = nullptr;   // null: one
  Multiply multiply;

  bool is_with_vector() const { return b->dim() == 1; }
};

// Whether the library has kernels of two speeds for the dtype, by the alignment of operands.
bool has_two_speeds(at::ScalarType dtype);

// Nothing, or why ATen has to multiply these (null: none): tensors of other kinds than plain ones, on several devices,
// of several dtypes or of one other than f16, bf16 and f32.
std::optional<DeclineReason> refuse_operands(std::span<const at::Tensor* const> tensors);

// Nothing, or why ATen has to do the call: tensors that refuse_operands() refuses, shapes that ATen refuses, results
// that it resizes, results that overlap an operand.
std::optional<DeclineReason> describe(const ProductCall& call, Product& product);

}  // namespace gems::aten
