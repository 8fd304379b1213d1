// The rules of literal.h.
#include "literal.h"

#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems {
namespace {

[[noreturn]] void fail(const Element& literal, DType to, const char* why) {
  throw Error(fmt::format("the literal {} does not fit {}: {}", literal_text(literal), name(to), why));
}

Constant constant_of(const Element& element) { return {element.integer, element.value.real(), element.value.imag()}; }

Constant fit_integer(const Element& literal, DType to) {
  const Element fitted = cast_element(literal, to);
  if (is_integer(to)) {
    const bool negative = is_signed(literal.dtype) && literal.integer < 0;
    const bool sign_kept = is_signed(to) ? (fitted.integer < 0) == negative : !negative;
    if (fitted.integer != literal.integer || !sign_kept)
      fail(literal, to, "it is out of range; write one in range, or cast the other value to a wider type first");
  } else if (const double part = fitted.value.real();
             std::isinf(part) ||
             static_cast<long double>(part) !=
                 (is_signed(literal.dtype) ? static_cast<long double>(literal.integer)
                                           : static_cast<long double>(static_cast<std::uint64_t>(literal.integer)))) {
    fail(literal, to, "it is not exact there; write it as a float if rounding is meant");
  }
  return constant_of(fitted);
}

Constant fit_float(const Element& literal, DType to) {
  if (is_integral(to))
    fail(literal, to, "it is a float; cast the other value to a float type first, or write an integer");
  const Element fitted = cast_element(literal, to);
  const auto overflows = [](double before, double after) { return std::isfinite(before) && !std::isfinite(after); };
  if (overflows(literal.value.real(), fitted.value.real()) || overflows(literal.value.imag(), fitted.value.imag()))
    fail(literal, to, "it is out of range; cast the other value to a wider type first");
  return constant_of(fitted);
}

}  // namespace

std::string literal_text(const Element& literal) {
  switch (category(literal.dtype)) {
    case Category::Bool:
      return literal.integer != 0 ? "true" : "false";
    case Category::Integer:
      return is_signed(literal.dtype) ? fmt::format("{}", literal.integer)
                                      : fmt::format("{}", static_cast<std::uint64_t>(literal.integer));
    case Category::Float:
      return fmt::format("{}", literal.value.real());
    case Category::Complex:
      return fmt::format("({}, {})", literal.value.real(), literal.value.imag());
  }
  return "";
}

Constant fit_literal(const Element& literal, DType to) {
  switch (category(literal.dtype)) {
    case Category::Bool:
      return constant_of(cast_element(literal, to));
    case Category::Integer:
      if (is_bool(to)) {
        if (literal.integer != 0 && literal.integer != 1) fail(literal, to, "only 0, 1, false and true do");
        return {literal.integer, 0, 0};
      }
      return fit_integer(literal, to);
    case Category::Float:
      return fit_float(literal, to);
    case Category::Complex:
      if (!is_complex(to)) fail(literal, to, "it is complex; cast the other value to a complex type first");
      return fit_float(literal, to);
  }
  return {};
}

}  // namespace gems
