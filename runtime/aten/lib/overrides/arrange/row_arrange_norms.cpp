// Arrangements of the norms of layers.
#include <limits>

#include "overrides/arrange/row_arrange.h"

namespace gems::aten {
namespace {

// Rows of the last dimensions of elements, the first tensor. ATen raises where the shapes are others.
std::optional<DeclineReason> take_last_dims(RowCall& call) {
  if (!call.ints) return DeclineReason::Arguments;  // a symbol
  // ATen's doubles differ beside infinities.
  if (call.self().scalar_type() == at::kDouble) return DeclineReason::Dtype;
  const at::IntArrayRef shape = *call.ints;
  const at::IntArrayRef sizes = call.self().sizes();
  if (shape.empty() || shape.size() > sizes.size() || sizes.size() > 63) return DeclineReason::AtenRaises;
  if (sizes.slice(sizes.size() - shape.size()) != shape) return DeclineReason::AtenRaises;
  const std::uint64_t last = (std::uint64_t{1} << shape.size()) - 1;
  call.rows = {.reduced = last << (sizes.size() - shape.size()), .keepdim = true};
  return std::nullopt;
}

std::optional<DeclineReason> reduce_last(RowCall& call) {
  if (auto reason = take_last_dims(call)) return reason;
  for (std::size_t i = 1; i < call.tensor_count; ++i)
    if (call.tensors[i] != nullptr && call.tensors[i]->sizes() != *call.ints) return DeclineReason::AtenRaises;
  call.add(call.self());
  for (std::size_t i = 1; i < call.tensor_count; ++i) call.add_optional(call.tensors[i]);
  return std::nullopt;
}

// Of grad, x, statistics of each row, then weight, and a bias, which has no part in its gradient.
std::optional<DeclineReason> reduce_last_backward(RowCall& call, std::size_t weight) {
  constexpr std::size_t x = 1;
  if (auto reason = take_last_dims(call)) return reason;
  if (!call.wants_all || call.self().numel() == 0) return DeclineReason::Arguments;
  for (std::size_t i = weight; i < call.tensor_count; ++i) {
    if (call.tensors[i] == nullptr) return DeclineReason::Arguments;
    if (call.tensors[i]->sizes() != *call.ints) return DeclineReason::AtenRaises;
    if (call.tensors[i]->scalar_type() != call.self().scalar_type()) return DeclineReason::Dtype;
  }
  if (call.tensors[x]->scalar_type() != call.self().scalar_type()) return DeclineReason::Dtype;
  if (call.tensors[x]->sizes() != call.self().sizes()) return DeclineReason::AtenRaises;
  for (std::size_t i = 0; i <= weight; ++i) call.add(*call.tensors[i]);
  return std::nullopt;
}

}  // namespace

std::optional<DeclineReason> normalize_layer_backward(const Override&, RowCall& call) {
  return reduce_last_backward(call, /*weight=*/4);
}

std::optional<DeclineReason> normalize_rms_backward(const Override&, RowCall& call) {
  return reduce_last_backward(call, /*weight=*/3);
}

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
  // ATen's composite keeps the order of channels.
  if (call.self().is_cpu() && call.self().suggest_memory_format() != at::MemoryFormat::Contiguous)
    return DeclineReason::Arguments;
  // That of the dtype which is computed in.
  call.add(at::Scalar(call.eps.value_or(std::numeric_limits<float>::epsilon())));
  return std::nullopt;
}

}  // namespace gems::aten
