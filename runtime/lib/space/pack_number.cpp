// Converts numbers to compute dtypes. See pack_number.h.
#include "space/pack_number.h"

#include <cstring>

#include "gems/dsl/interpreter.h"

namespace gems {

void pack_number(const NumberValue& number, DType dtype, std::byte* to) {
  // The two conversions that almost every call makes, without the general path.
  if (number.dtype == DType::F64 && dtype == DType::F32) {
    const auto value = static_cast<float>(number.value.real());
    std::memcpy(to, &value, sizeof value);
    return;
  }
  if (number.dtype == DType::I64 && dtype == DType::F32) {
    const auto value = static_cast<float>(number.integer);
    std::memcpy(to, &value, sizeof value);
    return;
  }
  const Element element{.dtype = number.dtype, .integer = number.integer, .value = number.value};
  store_element(cast_element(element, dtype), to);
}

}  // namespace gems
