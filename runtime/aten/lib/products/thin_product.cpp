// The rows of both matrices, along the dimension that is summed, are broadcast against each other; dot_rows reduces it.
#include "products/thin_product.h"

#include <algorithm>
#include <array>

#include "gems/aten/serve.h"
#include "gems/ops/fused_rows.h"
#include "products/product_cost.h"
#include "torch/device_scope.h"
#include "torch/undispatched_view.h"

namespace gems::aten {
namespace {

bool is_real(const at::Scalar* number) { return number == nullptr || (!number->isComplex() && !number->isBoolean()); }
bool is(const at::Scalar* number, double value) { return number != nullptr && number->toDouble() == value; }

at::Tensor view(const at::Tensor& base, at::IntArrayRef sizes, at::IntArrayRef strides) {
  return undispatched_view(base, base.scalar_type(), sizes, strides, base.storage_offset());
}

// Rows of the result's dimension `place`, of which there are `rank`, and their elements last.
at::Tensor rows_of(const at::Tensor& matrix, std::size_t row, std::size_t rank, std::size_t place) {
  std::array<std::int64_t, 3> sizes{1, 1, 1};
  std::array<std::int64_t, 3> strides{};
  const std::size_t summed = matrix.dim() == 1 ? 0 : 1 - row;
  if (matrix.dim() == 2) {
    sizes[place] = matrix.size(static_cast<std::int64_t>(row));
    strides[place] = matrix.stride(static_cast<std::int64_t>(row));
  }
  sizes[rank] = matrix.size(static_cast<std::int64_t>(summed));
  strides[rank] = matrix.stride(static_cast<std::int64_t>(summed));
  return view(matrix, at::IntArrayRef(sizes.data(), rank + 1), at::IntArrayRef(strides.data(), rank + 1));
}

// Broadcast to the shape of the result.
at::Tensor addend_of(const at::Tensor& addend, at::IntArrayRef sizes) {
  std::array<std::int64_t, 2> strides{};
  for (std::int64_t back = 1; back <= addend.dim(); ++back)
    if (addend.size(-back) != 1) strides[sizes.size() - static_cast<std::size_t>(back)] = addend.stride(-back);
  return view(addend, sizes, at::IntArrayRef(strides.data(), sizes.size()));
}

}  // namespace

bool is_thin(const ProductCall& call, const Product& product) {
  if (std::min(product.m, product.n) > most_vectors(product) || product.batch != 1) return false;
  if (call.a->dim() != 2 || product.k < 2 || !is_real(call.beta) || !is_real(call.alpha)) return false;
  return call.a->stride(1) == 1 && call.b->stride(0) == 1;
}

std::optional<DeclineReason> multiply_thin(const ProductCall& call, const Product& product, at::Tensor& result,
                                           CallCounts& counts) {
  const DeviceScope scope(call.a->device());
  const std::size_t rank = call.is_with_vector() ? 1 : 2;
  const at::Tensor a = rows_of(*call.a, 0, rank, 0);
  const at::Tensor b = rows_of(*call.b, 1, rank, rank - 1);
  const bool few_in_a = product.m < product.n;
  std::array arguments{CallArgument(few_in_a ? a : b), CallArgument(few_in_a ? b : a), CallArgument::absent(),
                       CallArgument::absent(), CallArgument::absent()};
  at::Tensor addend;
  // Of nothing times the addend, its NaN and infinities are nothing, too.
  if (call.addend != nullptr && !is(call.beta, 0)) {
    const std::array<std::int64_t, 2> sizes{product.m, product.n};
    addend = addend_of(*call.addend, at::IntArrayRef(sizes.data(), rank));
    arguments[2] = CallArgument(addend);
    if (call.beta != nullptr && !is(call.beta, 1)) arguments[3] = CallArgument(*call.beta);
  }
  if (call.alpha != nullptr && !is(call.alpha, 1)) arguments[4] = CallArgument(*call.alpha);
  if (call.out != nullptr) result = *call.out;
  const auto reason = serve({.op = &ops::dot_rows_op,
                             .arguments = arguments,
                             .results = {&result, 1},
                             .rows = {.reduced = std::uint64_t{1} << rank},
                             .compiles = &counts.compiles,
                             .compile_us = &counts.compile_us});
  static CallCounts& of_op = operator_counts("gems::dot_rows");
  of_op.add(reason);
  return reason;
}

}  // namespace gems::aten
