// The rows of both matrices, along the dimension that is summed, are broadcast against each other; a rowwise op reduces
// it.
#include "products/thin_product.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

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

// Rows of the result's dimension `place`, of which there are `rank`, and their elements last; before them a batch.
at::Tensor rows_of(const at::Tensor& matrix, std::int64_t row, std::size_t rank, std::size_t place) {
  std::array<std::int64_t, 4> sizes{1, 1, 1, 1};
  std::array<std::int64_t, 4> strides{};
  const auto take = [&](std::size_t to, std::int64_t from) {
    sizes[to] = matrix.size(from);
    strides[to] = matrix.stride(from);
  };
  if (matrix.dim() > 1) take(place, row);
  if (matrix.dim() > 2) take(0, 0);
  take(rank, matrix.dim() == 1 ? 0 : row == -1 ? -2 : -1);
  return view(matrix, at::IntArrayRef(sizes.data(), rank + 1), at::IntArrayRef(strides.data(), rank + 1));
}

// Rows of both matrices, as they meet: the operand with fewer of them first.
struct Factors {
  at::Tensor few;
  at::Tensor many;
  std::size_t rank;  // of the result
};

Factors factors_of(const ProductCall& call, const Product& product) {
  const auto rank = static_cast<std::size_t>(call.b->dim());
  Factors factors{rows_of(*call.a, -2, rank, rank == 1 ? 0 : rank - 2), rows_of(*call.b, -1, rank, rank - 1), rank};
  if (product.m >= product.n) std::swap(factors.few, factors.many);
  return factors;
}

// An addend in the shape of the result. Where it has that already its strides stay, also of dimensions of size 1: a
// result in its place is told from one that overlaps by them.
at::Tensor broadcast(const at::Tensor& addend, const Product& product, std::size_t rank) {
  const std::array<std::int64_t, 3> all{product.batch, product.m, product.n};
  const at::IntArrayRef sizes(all.data() + (rank == 3 ? 0 : 1), rank);
  std::array<std::int64_t, 3> strides{};
  for (std::int64_t back = 1; back <= addend.dim(); ++back)
    if (addend.size(-back) == sizes[rank - static_cast<std::size_t>(back)])
      strides[rank - static_cast<std::size_t>(back)] = addend.stride(-back);
  return view(addend, sizes, at::IntArrayRef(strides.data(), rank));
}

std::optional<DeclineReason> reduce(const OpDef& op, std::span<const CallArgument> arguments, const Factors& factors,
                                    at::Tensor& result, CallCounts& counts) {
  const DeviceScope scope(factors.few.device());
  return serve({.op = &op,
                .arguments = arguments,
                .results = {&result, 1},
                .rows = {.reduced = std::uint64_t{1} << factors.rank},
                .compiles = &counts.compiles,
                .compile_us = &counts.compile_us});
}

}  // namespace

bool is_thin(const ProductCall& call, const Product& product) {
  if (std::min(product.m, product.n) > most_vectors(product)) return false;
  if (product.k < 2 || !is_real(call.beta) || !is_real(call.alpha)) return false;
  return call.a->stride(-1) == 1 && call.b->stride(call.is_with_vector() ? 0 : -2) == 1;
}

std::optional<DeclineReason> multiply_thin(const ProductCall& call, const Product& product, at::Tensor& result,
                                           CallCounts& counts) {
  const Factors factors = factors_of(call, product);
  std::array arguments{CallArgument(factors.few), CallArgument(factors.many), CallArgument::absent(),
                       CallArgument::absent(), CallArgument::absent()};
  at::Tensor addend;
  // Of nothing times the addend, its NaN and infinities are nothing, too.
  if (call.addend != nullptr && !is(call.beta, 0)) {
    addend = broadcast(*call.addend, product, factors.rank);
    arguments[2] = CallArgument(addend);
    if (call.beta != nullptr && !is(call.beta, 1)) arguments[3] = CallArgument(*call.beta);
  }
  if (call.alpha != nullptr && !is(call.alpha, 1)) arguments[4] = CallArgument(*call.alpha);
  if (call.out != nullptr) result = *call.out;
  const auto reason = reduce(ops::dot_rows_op, arguments, factors, result, counts);
  static CallCounts& of_op = operator_counts("gems::dot_rows");
  of_op.add(reason);
  return reason;
}

std::optional<DeclineReason> multiply_thin(const ProductCall& call, const Product& product, const Epilogue& epilogue,
                                           at::Tensor& result) {
  const Factors factors = factors_of(call, product);
  std::array arguments{CallArgument(factors.few), CallArgument(factors.many), CallArgument::absent(),
                       CallArgument::absent(), CallArgument(FlagValue(epilogue.act))};
  at::Tensor addend;
  if (call.addend != nullptr) arguments[2] = CallArgument(addend = broadcast(*call.addend, product, factors.rank));
  if (epilogue.residual != nullptr) arguments[3] = CallArgument(*epilogue.residual);
  static CallCounts& counts = operator_counts("gems::dot_rows_act");
  const auto reason = reduce(ops::dot_rows_act_op, arguments, factors, result, counts);
  counts.add(reason);
  return reason;
}

std::optional<DeclineReason> multiply_thin_gate(const ProductCall& gates, const ProductCall& values,
                                                const Product& product, std::string_view act, at::Tensor& result) {
  constexpr std::size_t rank = 2;
  const Factors factors{rows_of(*gates.a, -2, rank, 0), rows_of(*gates.b, -1, rank, 1), rank};
  const at::Tensor value_rows = rows_of(*values.b, -1, rank, 1);
  std::array arguments{CallArgument(factors.few), CallArgument(factors.many), CallArgument(value_rows),
                       CallArgument::absent(),    CallArgument::absent(),     CallArgument(FlagValue(act))};
  std::array<at::Tensor, 2> addends;
  for (const std::size_t i : {0, 1})
    if (const at::Tensor* addend = (i == 0 ? gates : values).addend)
      arguments[3 + i] = CallArgument(addends[i] = broadcast(*addend, product, rank));
  static CallCounts& counts = operator_counts("gems::dot_rows_gate");
  const auto reason = reduce(ops::dot_rows_gate_op, arguments, factors, result, counts);
  counts.add(reason);
  return reason;
}

}  // namespace gems::aten
