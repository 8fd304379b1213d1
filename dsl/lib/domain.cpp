// What each domain contains, and what it is called.
#include "gems/dsl/domain.h"

namespace gems {

bool contains(Domain domain, DType dtype) {
  switch (domain) {
    case Domain::Any:
      return true;
    case Domain::Number:
      return !is_bool(dtype);
    case Domain::Ordered:
      return !is_complex(dtype);
    case Domain::Real:
      return is_integer(dtype) || is_float(dtype);
    case Domain::Float:
      return is_float(dtype);
    case Domain::WideFloat:
      return is_float(dtype) && !is_float8(dtype);
    case Domain::FloatOrComplex:
      return is_float(dtype) || is_complex(dtype);
    case Domain::Integral:
      return is_integral(dtype);
    case Domain::Complex:
      return is_complex(dtype);
  }
  return false;
}

std::string_view text(Domain domain) {
  switch (domain) {
    case Domain::Any:
      return "anything";
    case Domain::Number:
      return "integers, floats and complex numbers, not bool";
    case Domain::Ordered:
      return "anything but complex numbers";
    case Domain::Real:
      return "integers and floats";
    case Domain::Float:
      return "floats";
    case Domain::WideFloat:
      return "floats of two bytes and more";
    case Domain::FloatOrComplex:
      return "floats and complex numbers";
    case Domain::Integral:
      return "integers and bool";
    case Domain::Complex:
      return "complex numbers";
  }
  return "";
}

}  // namespace gems
