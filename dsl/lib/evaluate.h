// One scalar operation on elements: the meaning of scalar_ops.def as plain C++. The interpreter runs it per node, and
// the expression surface on literals.
#pragma once

#include <span>

#include "gems/dsl/element.h"
#include "gems/dsl/scalar_op.h"

namespace gems {

// args have the dtype of the operation's operands (Select: a bool, then two values); result is that of its value. Not
// for Operand and Literal.
Element evaluate(ScalarOp op, DType result, std::span<const Element> args);

}  // namespace gems
