// The search for a zero, on all of PyTorch's threads. Signed or not, zero has no bit set.
#include "first_call/zero_divisor.h"

#include <ATen/TensorIterator.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace gems::aten {
namespace {

template <class T>
bool dense_has_zero(const char* data, std::int64_t count) {
  // Blocks that the compiler turns into vector code; between them the search may end.
  constexpr std::int64_t Block = 4096 / sizeof(T);
  const T* values = reinterpret_cast<const T*>(data);
  for (std::int64_t begin = 0; begin < count; begin += Block) {
    const std::int64_t end = std::min(begin + Block, count);
    bool found = false;
    for (std::int64_t i = begin; i < end; ++i) found |= values[i] == 0;
    if (found) return true;
  }
  return false;
}

template <class T>
bool has_zero(const char* data, std::int64_t stride_bytes, std::int64_t count) {
  if (stride_bytes == sizeof(T)) return dense_has_zero<T>(data, count);
  bool found = false;
  for (std::int64_t i = 0; i < count; ++i) found |= *reinterpret_cast<const T*>(data + i * stride_bytes) == 0;
  return found;
}

using Search = bool (*)(const char* data, std::int64_t stride_bytes, std::int64_t count);

Search search_for(std::size_t width_bytes) {
  switch (width_bytes) {
    case 1:
      return has_zero<std::uint8_t>;
    case 2:
      return has_zero<std::uint16_t>;
    case 4:
      return has_zero<std::uint32_t>;
    default:
      return has_zero<std::uint64_t>;
  }
}

}  // namespace

bool has_zero(const at::Tensor& divisor, std::size_t width_bytes) {
  // The low bytes come first in memory.
  const Search search = search_for(std::min<std::size_t>(width_bytes, divisor.element_size()));
  // What TensorIterator would hand to one thread anyway.
  if (divisor.is_contiguous() && divisor.numel() <= at::internal::GRAIN_SIZE)
    return search(static_cast<const char*>(divisor.const_data_ptr()), divisor.element_size(), divisor.numel());
  std::atomic<bool> found = false;
  at::TensorIteratorConfig().add_const_input(divisor).build().for_each(
      [&](char** data, const std::int64_t* strides_bytes, std::int64_t count) {
        if (found.load(std::memory_order_relaxed)) return;
        if (search(data[0], strides_bytes[0], count)) found.store(true, std::memory_order_relaxed);
      });
  return found;
}

}  // namespace gems::aten
