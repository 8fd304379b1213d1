// Runs a plan on a CUDA stream: addresses and numbers as kernel parameters, then one driver call.
#include <array>

#include "plan/plan_data.h"
#include "space/numbers.h"

namespace gems {

void launch_cuda(const Plan& plan, void* const* tensors, const NumberValue* numbers, void* stream) {
  const Variant& variant = *plan.variant;
  alignas(MaxNumberBytes) std::array<std::array<std::byte, MaxNumberBytes>, MaxOperands> values;
  // The driver reads parameters through pointers, and only during the call.
  std::array<void*, MaxOperands + MaxResults + 1> addresses;
  std::size_t next = 0;
  for (const Parameter& parameter : variant.parameters) {
    if (parameter.form == OperandForm::Tensor) {
      addresses[next++] = const_cast<void**>(tensors + parameter.index);
    } else {
      std::byte* value = values[parameter.index].data();
      pack_number(numbers[parameter.index], parameter.compute, value);
      addresses[next++] = value;
    }
  }
  for (std::size_t r = 0; r < variant.results; ++r)
    addresses[next++] = const_cast<void**>(tensors + variant.operand_tensors + r);
  addresses[next++] = const_cast<std::byte*>(plan.geometry.data());
  driver::launch(variant.cuda, plan.grid, stream, addresses.data(), variant.name);
}

}  // namespace gems
