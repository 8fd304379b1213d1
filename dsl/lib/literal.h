// Gives a literal of a body the dtype of the value that it meets.
#pragma once

#include <string>

#include "gems/dsl/element.h"
#include "gems/dsl/trace.h"

namespace gems {

// As written in the source: "2", "0.5", "true".
std::string literal_text(const Element& literal);

// The literal as a constant of dtype `to`. Throws gems::Error (without naming the op) when it does not fit: an integer
// out of range or not exact in a float type, a float beside an integer, a finite float that would become infinite.
Constant fit_literal(const Element& literal, DType to);

}  // namespace gems
