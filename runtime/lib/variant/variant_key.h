// VariantKey: everything that a variant follows from. Two calls of one key have one kernel.
#pragma once

#include "backend/compiled_kernel.h"
#include "gems/dsl/signature.h"
#include "gems/runtime/arguments.h"

namespace gems {

struct VariantKey {
  Signature signature;
  Device device;
  KernelLayout layout;
  bool operator==(const VariantKey&) const = default;
};

template <class Visit>
constexpr void for_each_field(const VariantKey& key, Visit&& visit) {
  const auto& [signature, device, layout] = key;
  visit("signature", signature);
  visit("device", device);
  visit("layout", layout);
}

}  // namespace gems
