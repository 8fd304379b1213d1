// The per-thread table of plan entries.
#include "geometry/plan_entry.h"

#include <cstring>

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

// It will be replaced, after the analysis of the geometry that takes its place: its memory can be on the way until
// then.
void prefetch(const PlanEntry& entry) {
  constexpr std::size_t LineBytes = 64;
  for (std::size_t at = 0; at < sizeof(PlanEntry); at += LineBytes)
    __builtin_prefetch(reinterpret_cast<const char*>(&entry) + at);
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
  if (entry == nullptr || place.hash != geometry.hash()) {
    if (entry != nullptr) prefetch(*entry);
    return nullptr;
  }
  const auto words = geometry.words();
  if (entry->words.size() != words.size()) return nullptr;
  return std::memcmp(entry->words.data(), words.data(), words.size_bytes()) == 0 ? entry : nullptr;
}

void PlanTable::insert(std::unique_ptr<PlanEntry>& entry) {
  Place& place = places_[entry->hash % Size];
  if (place.entry != nullptr && place.entry->calls_inside != 0) return;
  place.hash = entry->hash;
  place.entry = std::move(entry);
}

}  // namespace gems::aten
