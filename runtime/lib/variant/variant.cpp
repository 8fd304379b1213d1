// The table of variants, and who makes each. See variant.h.
#include "variant/variant.h"

#include <pthread.h>

#include <condition_variable>

#include "cpu/cpu_backend.h"
#include "cuda/cuda_backend.h"
#include "gems/dsl/error.h"
#include "variant/insert_only_table.h"
#include "variant/variant_build.h"

namespace gems {
namespace {

enum class State : std::uint8_t { Empty, Making, Ready, Failed };

struct Slot {
  std::atomic<State> state{State::Empty};
  std::uint64_t maker = 0;  // process generation of the thread that makes it; guarded by Table::mutex
  Variant variant;          // written before Ready
  std::string failure;      // written before Failed
  Slot() = default;
  Slot(Slot&&) noexcept {}  // only ever moved while empty, into the table
};

struct Table {
  InsertOnlyTable<VariantKey, Slot> slots;
  std::mutex mutex;  // for waiting; held for moments only
  std::condition_variable changed;
  std::uint64_t generation = 0;  // grows in a child of fork: what its parent's threads were making, nobody makes
};

Table& table() {
  static Table& the_table = *[] {
    auto* made = new Table;
    ::pthread_atfork(
        [] {
          table().slots.mutex().lock();
          table().mutex.lock();
        },
        [] {
          table().mutex.unlock();
          table().slots.mutex().unlock();
        },
        [] {
          ++table().generation;
          // The waiters counted in the old one do not exist here.
          new (&table().changed) std::condition_variable;
          table().mutex.unlock();
          table().slots.mutex().unlock();
        });
    return made;
  }();
  return the_table;
}

const Variant& usable(const Slot& slot) {
  if (slot.state.load(std::memory_order_acquire) == State::Failed) throw Error(slot.failure);
  return slot.variant;
}

void finish(Slot& slot, State state) {
  std::lock_guard lock(table().mutex);
  slot.state.store(state, std::memory_order_release);
  table().changed.notify_all();
}

}  // namespace

const Backend& backend_of(const Device& device) {
  return device.kind == Device::Kind::Cpu ? cpu_backend : cuda_backend;
}

const Variant* find_variant(const VariantKey& key) {
  const Slot* slot = table().slots.find(key);
  return slot && slot->state.load(std::memory_order_acquire) == State::Ready ? &slot->variant : nullptr;
}

const Variant& find_or_make_variant(const VariantKey& key) {
  if (const Variant* found = find_variant(key)) return *found;
  Table& all = table();
  Slot& slot = *all.slots.find_or_insert(key).value;
  {
    std::unique_lock lock(all.mutex);
    for (;;) {
      const State state = slot.state.load(std::memory_order_relaxed);
      if (state == State::Ready || state == State::Failed) return usable(slot);
      if (state == State::Empty || slot.maker != all.generation) break;
      all.changed.wait(lock);
    }
    slot.maker = all.generation;
    slot.state.store(State::Making, std::memory_order_relaxed);
  }
  try {
    slot.variant = build_variant(key);
  } catch (const std::exception& error) {
    slot.failure = error.what();
    finish(slot, State::Failed);
    throw;
  }
  finish(slot, State::Ready);
  return slot.variant;
}

}  // namespace gems
