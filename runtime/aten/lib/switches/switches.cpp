// Interns scopes and moves markers in and out of the thread's dispatch key set.
#include "switches/switches.h"

#include <bit>
#include <map>
#include <mutex>

#include "gems/dsl/error.h"

namespace gems::aten {
namespace {

// One writer at a time; readers are never blocked.
std::mutex& writing() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}

ScopeMarker intern(const Scope& scope) {
  static std::map<Scope, ScopeMarker>* known = new std::map<Scope, ScopeMarker>;
  static std::uint32_t next = 0;
  const std::lock_guard lock(writing());
  const auto found = known->find(scope);
  if (found != known->end()) return found->second;
  do {
    if (++next >= detail::scopes.size())
      throw Error("use_gems: too many different selections of ops in one process (12870); reuse selections");
  } while (std::popcount(next) != c10::num_backends / 2);
  const auto marker = static_cast<ScopeMarker>(next);
  const auto [entry, inserted] = known->emplace(scope, marker);
  detail::scopes[marker].store(&entry->first, std::memory_order_release);
  return marker;
}

}  // namespace

ScopeMarker scope_within(ScopeMarker outer, const OverrideSet& include, const OverrideSet& exclude) {
  Scope scope;
  if (const Scope* around = detail::scopes[outer].load(std::memory_order_acquire)) scope = *around;
  return intern({(scope.on | include) - exclude, (scope.off - include) | exclude});
}

ScopeMarker enter_scope(ScopeMarker marker) {
  c10::impl::LocalDispatchKeySet keys = c10::impl::tls_local_dispatch_key_set();
  const std::uint64_t excluded = keys.excluded_.raw_repr();
  keys.excluded_ = c10::DispatchKeySet(c10::DispatchKeySet::RAW, (excluded & ~c10::full_backend_mask) | marker);
  c10::impl::_force_tls_local_dispatch_key_set(keys);
  return static_cast<ScopeMarker>(excluded & c10::full_backend_mask);
}

void switch_process_wide(const OverrideSet& include, const OverrideSet& exclude) {
  const std::lock_guard lock(writing());
  for (std::size_t i = 0; i < OverrideSet::Words; ++i) {
    std::atomic<std::uint64_t>& word = detail::process_wide[i];
    word.store((word.load(std::memory_order_relaxed) | include.words[i]) & ~exclude.words[i],
               std::memory_order_relaxed);
  }
}

void replace_process_wide(const OverrideSet& set) {
  const std::lock_guard lock(writing());
  for (std::size_t i = 0; i < OverrideSet::Words; ++i)
    detail::process_wide[i].store(set.words[i], std::memory_order_relaxed);
}

AllOff::AllOff() {
  static const ScopeMarker off = intern({{}, OverrideSet::all()});
  before_ = enter_scope(off);
}

AllOff::~AllOff() { enter_scope(before_); }

}  // namespace gems::aten
