// Row space: the iteration space of a rowwise call, whose dimensions are reduced or kept.
#pragma once

#include "gems/runtime/iteration_space.h"

namespace gems {

// At most so many dimensions of a row, and of the rows, may be left.
inline constexpr int MaxRowRank = MaxRank / 2;

// reduced: as in PlanRequest. The elements have the shape that operands of element extent
// and results broadcast to; an operand of row (column) extent has its sizes in the kept (reduced) dimensions and 1 in
// the others; a result has all of its sizes, or 1 in all reduced dimensions, or 1 in all kept ones. geometry: the first
// reduced_rank dimensions, at least one (of size 1 where a row has one element), make up a row. They keep their logical
// order, so that the index in a row, and the order of a sum, are those of the definition; the others, which may be
// none, are ordered by stride, the tensors that vary along the rows first. Each group is collapsed apart. Throws
// gems::Error as iteration_space does, and where more than MaxRowRank dimensions of a group are left.
IterationSpace row_space(std::string_view op, std::span<const NamedTensor> operands,
                         std::span<const NamedTensor> results, std::uint64_t reduced);

}  // namespace gems
