// Whether two tensors share memory. Part of collecting a call's geometry: it depends on addresses, so it is asked on
// every call that writes into a given tensor.
#pragma once

#include <c10/core/TensorImpl.h>

#include <cstdint>

namespace gems::aten {

enum class Overlap : std::uint8_t {
  None,
  Same,     // same address, sizes and strides: element i is element i
  Partial,  // anything else within one storage whose byte ranges meet
};

// The address behind a tensor's last element.
inline const char* end_of(const at::TensorImpl& tensor, const char* begin) {
  const auto sizes = tensor.sizes();
  const auto strides = tensor.strides();
  std::int64_t last = 0;
  for (std::size_t d = 0; d < sizes.size(); ++d) last += (sizes[d] - 1) * strides[d];
  return begin + (last + 1) * static_cast<std::int64_t>(tensor.itemsize());
}

// With the addresses of both.
inline Overlap overlap_of(const at::TensorImpl& a, const void* a_address, const at::TensorImpl& b,
                          const void* b_address) {
  if (&a == &b) return Overlap::Same;
  if (a.numel() == 0 || b.numel() == 0) return Overlap::None;
  const auto* a_begin = static_cast<const char*>(a_address);
  const auto* b_begin = static_cast<const char*>(b_address);
  if (a_begin >= end_of(b, b_begin) || b_begin >= end_of(a, a_begin)) return Overlap::None;
  const bool is_same =
      a_begin == b_begin && a.itemsize() == b.itemsize() && a.sizes() == b.sizes() && a.strides() == b.strides();
  return is_same ? Overlap::Same : Overlap::Partial;
}

}  // namespace gems::aten
