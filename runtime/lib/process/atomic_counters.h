// The counters behind counters.h, for the runtime's own use.
#pragma once

#include <atomic>
#include <cstdint>

namespace gems {

struct AtomicCounters {
  std::atomic<std::uint64_t> compiles{0};
  std::atomic<std::uint64_t> compile_us{0};
  std::atomic<std::uint64_t> memory_hits{0};
  std::atomic<std::uint64_t> disk_hits{0};
  std::atomic<std::uint64_t> disk_misses{0};
  std::atomic<std::uint64_t> disk_errors{0};
  std::atomic<std::uint64_t> plans{0};
};
extern AtomicCounters atomic_counters;

inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

// Counts a compile for the process and for this thread's CompileSpan.
void count_compile(std::uint64_t us);

}  // namespace gems
