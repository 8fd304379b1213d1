// The per-thread table of plan entries.
#include "geometry/plan_entry.h"

#include <cstring>
#include <utility>

namespace gems::aten {

namespace {

// Read on every call: a plain pointer, because a thread_local with a destructor is reached through a guard.
constinit thread_local PlanTable* current = nullptr;
constinit thread_local bool ended = false;

struct Owner {
  std::unique_ptr<PlanTable> table = std::make_unique<PlanTable>();
  ~Owner() {
    current = nullptr;
    ended = true;
  }
};

PlanTable* make() {
  if (ended) return new PlanTable;  // a call from another thread_local's destructor: nobody is left to delete it
  thread_local Owner owner;
  return owner.table.get();
}

}  // namespace

PlanTable& PlanTable::of_this_thread() {
  if (current == nullptr) [[unlikely]]
    current = make();
  return *current;
}

const PlanEntry* PlanTable::find(const CallGeometry& geometry) const {
  const Place& place = places_[geometry.hash() % Size];
  const PlanEntry* entry = place.entry.get();
  if (entry == nullptr || place.hash != geometry.hash()) return nullptr;
  const auto words = geometry.words();
  if (entry->words.size() != words.size()) return nullptr;
  return std::memcmp(entry->words.data(), words.data(), words.size_bytes()) == 0 ? entry : nullptr;
}

const PlanEntry& PlanTable::insert(const CallGeometry& geometry, PlanEntry& entry) {
  const std::size_t at = geometry.hash() % Size;
  Place& place = places_[at];
  if (place.entry == nullptr) {
    place.entry = std::make_unique<PlanEntry>();
  } else {
    const auto hash = static_cast<std::uint32_t>(geometry.hash() >> 32);
    const bool waited = std::exchange(waiting_[at], hash) == hash;
    if (!waited || place.entry->calls_inside != 0) return entry;
  }
  place.hash = geometry.hash();
  *place.entry = std::move(entry);
  place.entry->words.assign(geometry.words().begin(), geometry.words().end());
  return *place.entry;
}

}  // namespace gems::aten
