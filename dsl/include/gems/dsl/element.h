// Element: one value of any dtype, in memory and out of it, and its conversions.
#pragma once

#include <complex>
#include <cstdint>

#include "gems/dsl/dtype.h"

namespace gems {

// One element: integers and bool in `integer` (unsigned values by their bits), floats and complex in `value`.
struct Element {
  DType dtype = DType::F32;
  std::int64_t integer = 0;
  std::complex<double> value{};
};

// Reads and writes one element in memory, in the bit layout of its dtype (bool: any non-zero byte is true).
Element load_element(const void* from, DType dtype);
void store_element(const Element& element, void* to);

// As ScalarOp::Cast in scalar_ops.def. Rounds to nearest even.
Element cast_element(const Element& element, DType to);

// As ScalarOp::BitCast: the same bits, in a dtype of the same size.
Element bit_cast_element(const Element& element, DType to);

}  // namespace gems
