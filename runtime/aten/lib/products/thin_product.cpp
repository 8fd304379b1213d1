// Rows of x and of the other matrix's columns are broadcast against each other, and the op reduces what they share.
#include "products/thin_product.h"

#include <array>

#include "gems/aten/serve.h"
#include "gems/ops/fused_rows.h"
#include "torch/device_scope.h"
#include "torch/undispatched_view.h"

namespace gems::aten {
namespace {

// Vectors of one product.
constexpr std::int64_t MostVectors = 8;

bool is_one(const at::Scalar* number) { return number == nullptr || number->toDouble() == 1; }

// A matrix as rows along the dimension that is summed, and size 1 in a place before or behind.
at::Tensor broadcast_rows(const at::Tensor& matrix, std::size_t row, std::size_t summed, bool is_left) {
  const std::array<std::int64_t, 3> sizes = is_left
                                                ? std::array<std::int64_t, 3>{matrix.size(row), 1, matrix.size(summed)}
                                                : std::array<std::int64_t, 3>{1, matrix.size(row), matrix.size(summed)};
  const std::int64_t step = matrix.stride(row);
  const std::int64_t along = matrix.stride(summed);
  const std::array<std::int64_t, 3> strides =
      is_left ? std::array<std::int64_t, 3>{step, 0, along} : std::array<std::int64_t, 3>{0, step, along};
  return undispatched_view(matrix, matrix.scalar_type(), sizes, strides, matrix.storage_offset());
}

}  // namespace

bool is_thin(const ProductCall& call, const Product& product) {
  if (product.batch != 1 || call.a->dim() != 2 || std::min(product.m, product.n) > MostVectors) return false;
  return call.a->stride(1) == 1 && call.b->stride(0) == 1;
}

std::optional<DeclineReason> multiply_thin(const ProductCall& call, const Product&, at::Tensor& result,
                                           CallCounts& counts) {
  const DeviceScope scope(call.a->device());
  const at::Tensor x = broadcast_rows(*call.a, 0, 1, true);
  const at::Tensor y = broadcast_rows(*call.b, 1, 0, false);
  std::array<CallArgument, 5> arguments{CallArgument(x), CallArgument(y), CallArgument::absent(),
                                        CallArgument::absent(), CallArgument::absent()};
  at::Tensor addend;
  if (call.addend != nullptr && (call.beta == nullptr || call.beta->toDouble() != 0)) {
    addend = *call.addend;
    if (addend.dim() < 2) {
      const std::array<std::int64_t, 2> sizes{1, addend.dim() == 0 ? 1 : addend.size(0)};
      const std::array<std::int64_t, 2> strides{0, addend.dim() == 0 ? 0 : addend.stride(0)};
      addend = undispatched_view(addend, addend.scalar_type(), sizes, strides, addend.storage_offset());
    }
    arguments[2] = CallArgument(addend);
    if (!is_one(call.beta)) arguments[3] = CallArgument(*call.beta);
  }
  if (!is_one(call.alpha)) arguments[4] = CallArgument(*call.alpha);
  if (call.out != nullptr) result = *call.out;
  return serve({.op = &ops::dot_rows_op,
                .arguments = arguments,
                .results = {&result, 1},
                .rows = {.reduced = 4},
                .compiles = &counts.compiles,
                .compile_us = &counts.compile_us});
}

}  // namespace gems::aten
