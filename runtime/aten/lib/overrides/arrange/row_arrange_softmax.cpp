// Arrangements of softmax, log_softmax and their gradients.
#include "gems/ops/catalogue.h"
#include "overrides/arrange/row_arrange.h"

namespace gems::aten {
namespace {

// The dimension as ATen gives it; it raises for one that is out of range.
std::optional<DeclineReason> reduce_dim(RowCall& call) {
  const std::int64_t rank = call.self().dim();
  if (rank > 63) return DeclineReason::Rank;
  const std::int64_t range = rank == 0 ? 1 : rank;
  const std::int64_t dim = (*call.ints)[0];
  if (dim < -range || dim >= range) return DeclineReason::AtenRaises;
  if (rank > 0) call.rows.reduced = std::uint64_t{1} << (dim < 0 ? dim + range : dim);
  return std::nullopt;
}

}  // namespace

std::optional<DeclineReason> along_dim(const Override&, RowCall& call) {
  static const OpDef& softmax = ops::find_or_throw("softmax");
  static const OpDef& wide = ops::find_or_throw("softmax_wide");
  static const OpDef& wide_log = ops::find_or_throw("log_softmax_wide");
  if (call.flag) call.op = call.op == &softmax ? &wide : &wide_log;
  call.add(call.self());
  return reduce_dim(call);
}

std::optional<DeclineReason> backward_along_dim(const Override&, RowCall& call) {
  const at::Tensor& grad = *call.tensors[0];
  const at::Tensor& output = *call.tensors[1];
  // ATen's log_softmax does not look at the sizes; from half to float the gradient changes its dtype.
  if (grad.sizes() != output.sizes()) return DeclineReason::AtenRaises;
  if (call.dtype != grad.scalar_type() || grad.scalar_type() != output.scalar_type()) return DeclineReason::Dtype;
  call.add(grad);
  call.add(output);
  return reduce_dim(call);
}

}  // namespace gems::aten
