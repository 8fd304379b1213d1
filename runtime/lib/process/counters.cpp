// Counts, for the process and for a thread. See counters.h.
#include "gems/runtime/counters.h"

#include <utility>

#include "process/atomic_counters.h"

namespace gems {

constinit AtomicCounters atomic_counters;

namespace {
constinit thread_local CompileSpan thread_compiles;
}

void count_compile(std::uint64_t us) {
  count(atomic_counters.compiles);
  count(atomic_counters.compile_us, us);
  ++thread_compiles.compiles;
  thread_compiles.us += us;
}

Counters counters() {
  const auto read = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  return {
      .compiles = read(atomic_counters.compiles),
      .compile_us = read(atomic_counters.compile_us),
      .memory_hits = read(atomic_counters.memory_hits),
      .disk_hits = read(atomic_counters.disk_hits),
      .disk_misses = read(atomic_counters.disk_misses),
      .disk_errors = read(atomic_counters.disk_errors),
      .plans = read(atomic_counters.plans),
  };
}

void reset_counters() {
  const auto reset = [](std::atomic<std::uint64_t>& counter) { counter.store(0, std::memory_order_relaxed); };
  reset(atomic_counters.compiles);
  reset(atomic_counters.compile_us);
  reset(atomic_counters.memory_hits);
  reset(atomic_counters.disk_hits);
  reset(atomic_counters.disk_misses);
  reset(atomic_counters.disk_errors);
  reset(atomic_counters.plans);
}

CompileSpan take_thread_compiles() { return std::exchange(thread_compiles, {}); }

}  // namespace gems
