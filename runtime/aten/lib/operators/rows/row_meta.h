// As meta.h, of rowwise ops.
#pragma once

#include <span>

#include "gems/aten/serve.h"
#include "gems/dsl/trace.h"

namespace gems::aten {

// Fills the undefined results of a call of these operands with contiguous meta tensors, whose shapes follow from their
// extents. Throws c10::Error for operands that do not fit the elements.
void infer_row_results(const Request& request, std::span<const CallOperand> operands);

}  // namespace gems::aten
