// Which tensors are what their bytes are: plain dense ones on CPU or CUDA, with or without gradient.
#pragma once

#include <c10/core/DispatchKeySet.h>

#include <cstdint>
#include <optional>

#include "gems/aten/decline.h"

namespace gems::aten {

namespace detail {
inline const std::uint64_t plain_keys =
    (c10::DispatchKeySet({c10::DispatchKey::CPU, c10::DispatchKey::CUDA, c10::DispatchKey::AutogradFunctionality,
                          c10::DispatchKey::ADInplaceOrView}) |
     c10::autocast_dispatch_keyset)
        .raw_repr();
inline const std::uint64_t lazy_keys =
    c10::DispatchKeySet({c10::DispatchKey::Conjugate, c10::DispatchKey::Negative}).raw_repr();
}  // namespace detail

// keys: of all tensors of a call, united. Any beside those of plain tensors (Python, Sparse, Quantized, Conjugate, ...)
// means that the bytes alone are not the value.
inline std::optional<DeclineReason> refuse_kinds(std::uint64_t keys, bool any_named) {
  const std::uint64_t others = keys & ~detail::plain_keys;
  if (others & ~detail::lazy_keys) return DeclineReason::TensorKind;
  if (others) return DeclineReason::LazyBits;
  if (any_named) return DeclineReason::TensorKind;
  return std::nullopt;
}

}  // namespace gems::aten
