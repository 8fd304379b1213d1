// What launches of pointwise and of rowwise plans on the CPU share.
#pragma once

#include <array>
#include <cstddef>

#include "backend/backend.h"
#include "gems/dsl/op.h"
#include "gems/runtime/plan.h"
#include "space/pack_number.h"

namespace gems {

// The one that set_parallel_for installed.
ParallelFor parallel_for();

// The numbers of a launch as kernels read them.
class PackedNumbers {
 public:
  PackedNumbers(const Variant& variant, const NumberValue* numbers);
  PackedNumbers(const PackedNumbers&) = delete;
  const void* const* addresses() const { return addresses_.data(); }

 private:
  std::array<const void*, MaxOperands> addresses_{};
  alignas(MaxNumberBytes) std::array<std::array<std::byte, MaxNumberBytes>, MaxOperands> values_;
};

}  // namespace gems
