// Domain: the dtypes that a scalar operation, or an op as a whole, is defined on.
#pragma once

#include <cstdint>
#include <string_view>

#include "gems/dsl/dtype.h"

namespace gems {

enum class Domain : std::uint8_t {
  Any,
  Number,   // no bool
  Ordered,  // no complex numbers
  Real,     // integers and floats
  Float,
  WideFloat,  // floats of two bytes and more
  FloatOrComplex,
  Integral,  // bool and integers
  Complex,
};

bool contains(Domain domain, DType dtype);

// In words, for messages: "integers and floats".
std::string_view text(Domain domain);

}  // namespace gems
