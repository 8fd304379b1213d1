// Which overrides are on: one set for the process, and above it the scopes of a thread.
//
// A scope is a pair of sets (switched on, switched off), interned in a table. The thread carries the scope's marker in
// the backend bits of its excluded DispatchKeySet. The dispatcher removes excluded keys with operator- and remove(),
// which never look at backend bits, guards keep them, and at::ThreadLocalState copies them into the threads of the
// autograd engine: a scope travels exactly as far as grad mode does. Markers have half of their bits set, so that bits
// added by somebody else give no valid marker, and the thread falls back to the process-wide set.
#pragma once

#include <c10/core/impl/LocalDispatchKeySet.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "switches/override_set.h"

namespace gems::aten {

using ScopeMarker = std::uint16_t;  // 0: no scope

struct Scope {
  OverrideSet on;
  OverrideSet off;
  auto operator<=>(const Scope&) const = default;
};

namespace detail {
inline std::array<std::atomic<std::uint64_t>, OverrideSet::Words> process_wide{};
inline std::array<std::atomic<const Scope*>, std::size_t{1} << c10::num_backends> scopes{};
}  // namespace detail

inline ScopeMarker current_marker() {
  return static_cast<ScopeMarker>(c10::impl::raw_local_dispatch_key_set.excluded_ & c10::full_backend_mask);
}

inline bool is_on(std::size_t index) {
  if (const ScopeMarker marker = current_marker()) [[unlikely]] {
    if (const Scope* scope = detail::scopes[marker].load(std::memory_order_acquire)) {
      if (scope->off.has(index)) return false;
      if (scope->on.has(index)) return true;
    }
  }
  return detail::process_wide[index / 64].load(std::memory_order_relaxed) >> (index % 64) & 1;
}

// The marker of a scope inside the current one: those of include are on, then those of exclude are off, all others stay
// as they are. Throws gems::Error when the process has used up the markers (12870 different scopes).
ScopeMarker scope_within(ScopeMarker outer, const OverrideSet& include, const OverrideSet& exclude);

// Makes a scope this thread's current one; returns the one before.
ScopeMarker enter_scope(ScopeMarker marker);

// Process-wide: set = (set | include) - exclude.
void switch_process_wide(const OverrideSet& include, const OverrideSet& exclude);
void replace_process_wide(const OverrideSet& set);

// All overrides off in this thread for a while.
class AllOff {
 public:
  AllOff();
  ~AllOff();
  AllOff(const AllOff&) = delete;
  AllOff& operator=(const AllOff&) = delete;

 private:
  ScopeMarker before_;
};

}  // namespace gems::aten
