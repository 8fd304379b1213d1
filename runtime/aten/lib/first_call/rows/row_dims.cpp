// Wraps and checks dimensions.
#include "first_call/rows/row_dims.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <string>

namespace gems::aten {

std::uint64_t reduced_dims(const OpDef& op, c10::IntArrayRef dims, std::int64_t rank) {
  constexpr std::int64_t max_rank = 64;
  TORCH_CHECK(rank < max_rank, "op '", std::string(op.name), "': the elements have ", rank,
              " dimensions, expected fewer than ", max_rank, "; reshape them");
  if (dims.empty()) return (std::uint64_t{1} << rank) - 1;
  const std::int64_t range = std::max<std::int64_t>(rank, 1);
  std::uint64_t reduced = 0;
  for (const std::int64_t dim : dims) {
    TORCH_CHECK_INDEX(dim >= -range && dim < range, "op '", std::string(op.name), "': dim ", dim,
                      " is out of range: the elements have ", rank, " dimensions; expected ", -range, " to ",
                      range - 1);
    const std::uint64_t bit = std::uint64_t{1} << (dim < 0 ? dim + range : dim);
    TORCH_CHECK((reduced & bit) == 0, "op '", std::string(op.name), "': dim ", dim,
                " is named twice; name each reduced dimension once");
    reduced |= bit;
  }
  return rank == 0 ? 0 : reduced;
}

}  // namespace gems::aten
