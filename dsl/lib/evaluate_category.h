// evaluate(), by the category of the operands.
#pragma once

#include <span>

#include "evaluate.h"

namespace gems {

// Bool and integers.
Element evaluate_integer(ScalarOp op, DType result, std::span<const Element> args);
Element evaluate_float(ScalarOp op, DType result, std::span<const Element> args);
Element evaluate_complex(ScalarOp op, DType result, std::span<const Element> args);

inline Element truth(bool value) { return {.dtype = DType::Bool, .integer = value}; }

}  // namespace gems
