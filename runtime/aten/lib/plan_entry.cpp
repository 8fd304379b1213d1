// The per-thread table of plan entries.
#include "plan_entry.h"

#include <algorithm>

namespace gems::aten {

PlanTable& PlanTable::of_this_thread() {
  static thread_local const std::unique_ptr<PlanTable> table = std::make_unique<PlanTable>();
  return *table;
}

const PlanEntry* PlanTable::find(const CallGeometry& geometry) const {
  const PlanEntry* entry = entries_[geometry.hash() % Size].get();
  if (entry == nullptr || entry->hash != geometry.hash()) return nullptr;
  return std::ranges::equal(entry->words, geometry.words()) ? entry : nullptr;
}

const PlanEntry* PlanTable::insert(std::unique_ptr<PlanEntry> entry) {
  std::unique_ptr<PlanEntry>& place = entries_[entry->hash % Size];
  place = std::move(entry);
  return place.get();
}

}  // namespace gems::aten
