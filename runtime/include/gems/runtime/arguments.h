// What a caller hands to the runtime: addresses with sizes and strides, numbers, flags. Views; nothing is owned.
#pragma once

#include <complex>
#include <cstdint>
#include <span>

#include "gems/dsl/dtype.h"
#include "gems/dsl/fields.h"
#include "gems/dsl/flag.h"
#include "gems/dsl/trace.h"

namespace gems {

struct Device {
  enum class Kind : std::uint8_t { Cpu, Cuda };
  Kind kind = Kind::Cpu;
  int index = 0;
  bool operator==(const Device&) const = default;
};

template <class Visit>
constexpr void for_each_field(const Device& device, Visit&& visit) {
  const auto& [kind, index] = device;
  visit("kind", kind);
  visit("index", index);
}

// Strides in elements; rank 0 has no sizes. Outermost dimension first, as PyTorch.
struct TensorView {
  void* data = nullptr;  // operands are only read
  DType dtype = DType::F32;
  std::span<const std::int64_t> sizes;
  std::span<const std::int64_t> strides;
};

// dtype is Bool, I64, U64, F64 or C128: the number's own type. Integers (u64 by its bits) and bool in `integer`, else
// in `value`.
struct NumberValue {
  DType dtype = DType::F64;
  std::int64_t integer = 0;
  std::complex<double> value;
};

}  // namespace gems
