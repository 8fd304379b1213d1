// The plans that this thread ran last: a direct-mapped table, so that memory stays bounded however many shapes a
// program goes through, and a call that repeats costs one comparison of keys.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "backend/plan_data.h"
#include "plan/call_key.h"

namespace gems {

class ThreadPlans {
 public:
  // Null when this thread does not hold a plan for the key.
  const Plan* find(const CallKey& key) const {
    const Slot* slot = slots_[index(key)].get();
    return slot && slot->hash == key.hash() && same_words(slot->key, key.span()) ? slot->plan.get() : nullptr;
  }

  // Takes the place of what was there.
  const Plan& keep(const CallKey& key, std::shared_ptr<const Plan> plan) {
    auto& slot = slots_[index(key)];
    slot = std::make_unique<Slot>(
        Slot{key.hash(), std::vector<std::uint64_t>(key.span().begin(), key.span().end()), std::move(plan)});
    return *slot->plan;
  }

 private:
  static constexpr std::size_t SlotCount = 512;
  struct Slot {
    std::uint64_t hash;
    std::vector<std::uint64_t> key;
    std::shared_ptr<const Plan> plan;
  };
  static std::size_t index(const CallKey& key) { return key.hash() % SlotCount; }
  std::array<std::unique_ptr<Slot>, SlotCount> slots_;
};

// This thread's table, made on first use. Null while the thread ends and its table is gone already.
ThreadPlans* thread_plans();

}  // namespace gems
