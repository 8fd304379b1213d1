// Sizes and strides of the results of a call, and the checks of a given result, as at::TensorIterator does them.
#pragma once

#include "geometry/plan_entry.h"

namespace gems::aten {

struct ResultLayout {
  at::DimVector sizes;
  at::DimVector strides;
  int rank = 0;  // at most so many, after dimensions are joined
};

// The tensors in the order in which they decide on the layout of a new result.
using LayoutOperands = c10::SmallVector<const at::Tensor*, MaxOperands>;
LayoutOperands layout_operands(const Request& request);

// Whether the results that the caller gave have the shape that the arguments broadcast to.
// Nothing also when the arguments do not broadcast: find_result_layout() throws then.
std::optional<DeclineReason> check_given_results(const Request& request);

// Throws gems::Error, in the op's own words, where the arguments do not broadcast, or not to the given results' shape.
void check_shapes(const Request& request);

// Fills an empty layout. Throws c10::Error with ATen's text where TensorIterator does: shapes that do not broadcast, a
// given result with another shape or with overlapping elements.
void find_result_layout(const Request& request, ResultLayout& layout);

}  // namespace gems::aten
