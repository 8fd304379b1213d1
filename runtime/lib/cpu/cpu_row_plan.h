// A plan for a rowwise kernel on the threads of this machine. Short rows: a call of the kernel computes many; pieces of
// long ones (RowPiece) are shared by the threads where there are few rows. Tensors that are not contiguous along a row
// are copied, a piece at a time.
#pragma once

#include "backend/backend.h"

namespace gems {

std::unique_ptr<Plan> cpu_row_plan(const Variant& variant, const IterationSpace& space,
                                   std::span<const NamedTensor> tensors);

}  // namespace gems
