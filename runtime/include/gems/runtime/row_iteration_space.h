// The iteration space of a rowwise call, whose dimensions are reduced or kept.
#pragma once

#include "gems/runtime/iteration_space.h"

namespace gems {

// At most so many dimensions of a row, and of the rows, may be left.
inline constexpr int MaxRowRank = MaxRank / 2;

// reduced: as in PlanTensors. The elements have the shape that the tensors of element extent broadcast to, results must
// have all of it; a tensor of row (column) extent has the sizes of the kept (reduced) dimensions and 1 in the others.
// geometry: the first reduced_rank dimensions, at least one (of size 1 where a row has one element), make up a row.
// They keep their logical order, so that the index in a row, and the order of a sum, are those of the definition; the
// others, which may be none, are ordered by stride, the tensors that vary along the rows first. Each group is collapsed
// apart. Throws gems::Error as iteration_space does, and where more than MaxRowRank dimensions of a group are left.
IterationSpace row_iteration_space(std::string_view op, std::span<const NamedTensor> operands,
                                   std::span<const NamedTensor> results, std::uint64_t reduced);

}  // namespace gems
