// The derivative of each scalar operation, as the linear map that it is near its arguments.
#pragma once

#include <array>

#include "gems/dsl/differentiate.h"
#include "graph_builder.h"

namespace gems {

// One node of the op, seen from one of its arguments.
struct Site {
  std::array<Value, 3> args;
  Value out;                   // the node's value
  std::array<Value, 2> parts;  // of a reduction
  bool reverse;
  Ties ties;

  Value a() const { return args[0]; }
  Value b() const { return args[1]; }
  Value c() const { return args[2]; }
  // The factor of a gradient is the conjugate of that of a tangent.
  Value k(Value factor) const { return reverse ? conj(factor) : factor; }
};

// Whether the node's value does not change with small changes of that argument (floor, a condition, ...). Else what it
// has is propagate's answer.
bool is_constant_in(const TraceNode& node, int argument);

// Reverse: what a gradient v of the node's value contributes to the argument's gradient; where the argument is one for
// the row and the node's value is not, the sum of that along the row is left to the caller. Forward: what a tangent v
// of the argument contributes to that of the node's value. Not where is_constant_in. Throws gems::Error when the
// operation has no derivative.
Value propagate(const TraceNode& node, int argument, const Site& site, Value v);

}  // namespace gems
