// What every plan has; the backends add what their launch needs. Opaque to callers (plan.h).
#pragma once

#include <cstddef>
#include <string_view>

#include "gems/runtime/arguments.h"

namespace gems {

// As it is: of a call without elements, which launches nothing.
class Plan {
 public:
  virtual ~Plan() = default;
  virtual void launch(void* const* tensors, const NumberValue* numbers, void* stream) const {}

  std::string_view name = "a plan without elements";  // of the kernel, for messages
  std::size_t tensor_count = 0;                       // operands in memory and results, then scratch memory if any
  std::size_t scratch_bytes = 0;
  std::size_t number_count = 0;
};

}  // namespace gems
