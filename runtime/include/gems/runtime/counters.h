// What the runtime did in this process: compiles, cache hits, launches. Relaxed atomics; always on.
#pragma once

#include <cstdint>
#include <string>

namespace gems {

struct Counters {
  std::uint64_t compiles = 0;
  std::uint64_t compile_us = 0;
  std::uint64_t memory_hits = 0;  // an analysed call found its variant loaded (a call that repeats is not analysed)
  std::uint64_t disk_hits = 0;
  std::uint64_t disk_misses = 0;
  std::uint64_t disk_errors = 0;  // corrupt or unreadable entries, treated as misses
  std::uint64_t plans = 0;        // geometries analysed
};

Counters counters();
void reset_counters();

// Milliseconds and count of compiles that happened in this thread since the last call; for attributing a compile to the
// call that caused it.
struct CompileSpan {
  std::uint64_t compiles = 0;
  std::uint64_t us = 0;
};
CompileSpan take_thread_compiles();

}  // namespace gems
