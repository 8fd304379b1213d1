// Counts, for the process and for a thread. See counters.h.
#include "gems/runtime/counters.h"

#include <utility>

#include "process/atomic_counters.h"

namespace gems {

constinit Counters process_counters;

namespace {

constinit thread_local CompileSpan thread_compiles;

constexpr std::uint64_t Counters::* fields[] = {
    &Counters::compiles,    &Counters::compile_us,  &Counters::disk_hits,
    &Counters::disk_misses, &Counters::disk_errors, &Counters::plans,
};
static_assert(sizeof(fields) / sizeof(fields[0]) == sizeof(Counters) / sizeof(std::uint64_t));

}  // namespace

void count_compile(std::uint64_t us) {
  count(&Counters::compiles);
  count(&Counters::compile_us, us);
  ++thread_compiles.compiles;
  thread_compiles.us += us;
}

Counters counters() {
  Counters read;
  for (const auto field : fields)
    read.*field = std::atomic_ref(process_counters.*field).load(std::memory_order_relaxed);
  return read;
}

void reset_counters() {
  for (const auto field : fields) std::atomic_ref(process_counters.*field).store(0, std::memory_order_relaxed);
}

CompileSpan take_thread_compiles() { return std::exchange(thread_compiles, {}); }

}  // namespace gems
