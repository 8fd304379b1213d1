// Arrangements of the norms of layers.
#include <limits>

#include "overrides/row_arrange.h"

namespace gems::aten {
namespace {

// Rows of the last dimensions. ATen raises where the shapes are others.
std::optional<DeclineReason> reduce_last(RowCall& call) {
  if (!call.ints) return DeclineReason::Arguments;  // a symbol
  // ATen's doubles differ beside infinities.
  if (call.self().scalar_type() == at::kDouble) return DeclineReason::Dtype;
  const at::IntArrayRef shape = *call.ints;
  const at::IntArrayRef sizes = call.self().sizes();
  if (shape.empty() || shape.size() > sizes.size() || sizes.size() > 63) return DeclineReason::AtenRaises;
  if (sizes.slice(sizes.size() - shape.size()) != shape) return DeclineReason::AtenRaises;
  for (std::size_t i = 1; i < call.tensor_count; ++i)
    if (call.tensors[i] != nullptr && call.tensors[i]->sizes() != shape) return DeclineReason::AtenRaises;
  const std::uint64_t last = (std::uint64_t{1} << shape.size()) - 1;
  call.rows = {.reduced = last << (sizes.size() - shape.size()), .keepdim = true};
  call.add(call.self());
  for (std::size_t i = 1; i < call.tensor_count; ++i) call.add_optional(call.tensors[i]);
  return std::nullopt;
}

}  // namespace

std::optional<DeclineReason> normalize_layer(const Override&, RowCall& call) {
  if (auto reason = reduce_last(call)) return reason;
  // ATen leaves the statistics of rows without elements to each of its kernels.
  if (call.self().numel() == 0) return DeclineReason::Arguments;
  call.add(at::Scalar(*call.eps));
  return std::nullopt;
}

std::optional<DeclineReason> normalize_rms(const Override&, RowCall& call) {
  if (auto reason = reduce_last(call)) return reason;
  if (call.tensors[1] != nullptr && call.tensors[1]->scalar_type() != call.self().scalar_type())
    return DeclineReason::Dtype;
  if (call.self().numel() == 0) return DeclineReason::Arguments;
  // That of the dtype which is computed in.
  call.add(at::Scalar(call.eps.value_or(std::numeric_limits<float>::epsilon())));
  return std::nullopt;
}

}  // namespace gems::aten
