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

}  // namespace

PlanTable& PlanTable::of_this_thread() {
  if (current == nullptr) [[unlikely]]
    current = make();
  return *current;
}

const PlanEntry* PlanTable::find(const CallGeometry& geometry) const {
  const PlanEntry* entry = entries_[geometry.hash() % Size].get();
  if (entry == nullptr || entry->hash != geometry.hash()) return nullptr;
  const auto words = geometry.words();
  if (entry->words.size() != words.size()) return nullptr;
  return std::memcmp(entry->words.data(), words.data(), words.size_bytes()) == 0 ? entry : nullptr;
}

void PlanTable::insert(std::unique_ptr<PlanEntry>& entry) {
  std::unique_ptr<PlanEntry>& place = entries_[entry->hash % Size];
  if (!place || place->calls_inside == 0) place = std::move(entry);
}

}  // namespace gems::aten
