// Whether two tensors share memory. Part of collecting a call's geometry: it depends on addresses, so it is asked on
// every call that writes into a given tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace gems::aten {

enum class Overlap : std::uint8_t {
  None,
  Same,     // same address, sizes and strides: element i is element i
  Partial,  // anything else within one storage whose byte ranges meet
};

inline Overlap overlap_of(const at::Tensor& a, const at::Tensor& b) {
  if (a.unsafeGetTensorImpl() == b.unsafeGetTensorImpl()) return Overlap::Same;
  const std::int64_t a_bytes = a.element_size();
  const std::int64_t b_bytes = b.element_size();
  const auto* a_begin = static_cast<const char*>(a.const_data_ptr());
  const auto* b_begin = static_cast<const char*>(b.const_data_ptr());
  if (a.numel() == 0 || b.numel() == 0) return Overlap::None;
  if (a_begin == b_begin && a_bytes == b_bytes && a.sizes() == b.sizes() && a.strides() == b.strides())
    return Overlap::Same;
  const auto end = [](const at::Tensor& tensor, const char* begin, std::int64_t bytes) {
    std::int64_t last = 0;
    for (std::int64_t d = 0; d < tensor.dim(); ++d) last += (tensor.size(d) - 1) * tensor.stride(d);
    return begin + (last + 1) * bytes;
  };
  return a_begin < end(b, b_begin, b_bytes) && b_begin < end(a, a_begin, a_bytes) ? Overlap::Partial : Overlap::None;
}

}  // namespace gems::aten
