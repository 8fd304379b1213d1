// Counts behind counters.h, for the runtime's own use.
#pragma once

#include <atomic>
#include <cstdint>

#include "gems/runtime/counters.h"

namespace gems {

extern Counters process_counters;  // read and written through std::atomic_ref only

inline void count(std::uint64_t Counters::* counter, std::uint64_t by = 1) {
  std::atomic_ref(process_counters.*counter).fetch_add(by, std::memory_order_relaxed);
}

// Counts a compile for the process and for this thread's CompileSpan.
void count_compile(std::uint64_t us);

}  // namespace gems
