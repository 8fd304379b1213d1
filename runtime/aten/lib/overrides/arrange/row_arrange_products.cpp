// Arrangements of products of vectors: one row of each.
#include "overrides/arrange/row_arrange.h"

namespace gems::aten {

std::optional<DeclineReason> multiply_vectors(const Override&, RowCall& call) {
  const at::Tensor& x = call.self();
  const at::Tensor& y = *call.tensors[1];
  if (!y.defined()) return DeclineReason::Arguments;
  if (x.dim() != 1 || y.dim() != 1 || x.numel() != y.numel()) return DeclineReason::AtenRaises;
  call.add(x);
  call.add(y);
  for (int left_out = 0; left_out < 3; ++left_out) call.add_optional(nullptr);
  call.rows.reduced = 1;
  return std::nullopt;
}

}  // namespace gems::aten
