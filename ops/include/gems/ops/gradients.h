// What differentiation is told about ops of the catalogue: everything else about a gradient follows from the op's
// trace.
#pragma once

#include "gems/dsl/differentiate.h"
#include "gems/dsl/op.h"

namespace gems::ops {

// Who gets the gradient of equal values: the values themselves, of an op whose other operands are bounds.
Ties ties_of(const OpDef& op);

// A gradient op that was written by hand, for real dtypes, because it computes less than a derived one or loses fewer
// digits; null for most ops. Its operand "grad" is the incoming gradient, all others are those of the op by name; its
// results are the gradients of the op's tensors, in order.
const OpDef* written_gradient(const OpDef& op);
// The position of "grad" in a gradient op that was written by hand, whose results have its layout; -1 of any other op.
int incoming_gradient(const OpDef& op);

}  // namespace gems::ops
