// The table of variants, and who makes each. See variant.h.
#include "variant/variant.h"

#include <pthread.h>

#include <bit>
#include <condition_variable>

#include "cpu/cpu_backend.h"
#include "cuda/cuda_backend.h"
#include "gems/dsl/error.h"
#include "process/atomic_counters.h"
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
  InsertOnlyTable<Slot> slots;
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

std::uint64_t word(const Layout& layout) {
  return static_cast<std::uint64_t>(layout.held) << 32 | static_cast<std::uint64_t>(layout.cls) << 16 | layout.singles;
}

// The device tells it apart from a word of the other kind, the op how many operands and results there are.
std::uint64_t word(const CpuLayout& layout) {
  auto steps = static_cast<std::uint64_t>(layout.walk);
  for (const Step step : layout.operands) steps = steps << 2 | static_cast<std::uint64_t>(step);
  for (const Step step : layout.results) steps = steps << 2 | static_cast<std::uint64_t>(step);
  return steps;
}

}  // namespace

const Backend& backend_of(const Device& device) {
  return device.kind == Device::Kind::Cpu ? cpu_backend : cuda_backend;
}

VariantKey variant_key(const PlanRequest& request, const KernelLayout& layout) {
  VariantKey key;
  key.add(reinterpret_cast<std::uintptr_t>(request.op));
  key.add(static_cast<std::uint64_t>(request.device.kind) | static_cast<std::uint64_t>(request.default_dtype) << 8 |
          static_cast<std::uint64_t>(static_cast<std::uint32_t>(request.device.index)) << 32);
  for (const Argument& argument : request.operands) {
    const CallOperand& what = argument.what;
    key.add(static_cast<std::uint64_t>(what.kind) | static_cast<std::uint64_t>(what.dtype) << 8 |
            static_cast<std::uint64_t>(argument.is_in_memory()) << 16 |
            static_cast<std::uint64_t>(what.flag.kind) << 24);
    if (what.kind == CallOperand::Kind::Flag) {
      key.add(static_cast<std::uint64_t>(what.flag.integer));
      for (const std::uint64_t word : std::bit_cast<std::array<std::uint64_t, 2>>(what.flag.chars)) key.add(word);
    }
  }
  for (const TensorView& result : request.results) key.add(static_cast<std::uint64_t>(result.dtype));
  key.add(std::visit([](const auto& kind) { return word(kind); }, layout));
  return key;
}

const Variant* find_variant(const VariantKey& key) {
  const Slot* slot = table().slots.find(key.hash(), key.span());
  return slot && slot->state.load(std::memory_order_acquire) == State::Ready ? &slot->variant : nullptr;
}

const Variant& find_or_make_variant(const VariantKey& key, const PlanRequest& request, const KernelLayout& layout) {
  if (const Variant* found = find_variant(key)) {
    count(&Counters::memory_hits);
    return *found;
  }
  Table& all = table();
  Slot& slot = *all.slots.find_or_insert(key.hash(), key.span()).value;
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
    slot.variant = build_variant(request, layout);
  } catch (const std::exception& error) {
    slot.failure = error.what();
    finish(slot, State::Failed);
    throw;
  }
  finish(slot, State::Ready);
  return slot.variant;
}

}  // namespace gems
