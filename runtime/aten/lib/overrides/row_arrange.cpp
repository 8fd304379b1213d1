// Dimensions as ATen names them. See row_arrange.h.
#include "overrides/row_arrange.h"

namespace gems::aten {

std::optional<DeclineReason> reduce_dims(RowCall& call, std::optional<at::IntArrayRef> dims, bool keepdim,
                                         bool empty_is_all) {
  const std::int64_t rank = call.self().dim();
  if (rank > 63) return DeclineReason::Rank;
  call.rows.keepdim = keepdim && rank > 0;
  if (!dims || (dims->empty() && empty_is_all)) {
    call.rows.reduced = (std::uint64_t{1} << rank) - 1;
    return std::nullopt;
  }
  call.rows.reduced = 0;
  const std::int64_t range = rank == 0 ? 1 : rank;
  for (const std::int64_t given : *dims) {
    if (given < -range || given >= range) return DeclineReason::AtenRaises;
    const std::uint64_t bit = std::uint64_t{1} << (given < 0 ? given + range : given);
    if ((call.rows.reduced & bit) != 0) return DeclineReason::AtenRaises;
    call.rows.reduced |= bit;
  }
  if (rank == 0) call.rows.reduced = 0;
  return std::nullopt;
}

}  // namespace gems::aten
