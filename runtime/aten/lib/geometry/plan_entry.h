// PlanEntry: what serve() learned about one call geometry, and the per-thread table that finds it again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <c10/util/SmallVector.h>

#include "gems/runtime/plan.h"
#include "geometry/call_geometry.h"
#include "torch/allocate.h"

namespace gems::aten {

struct NumberChecks;

struct PlanEntry {
  c10::SmallVector<std::uint64_t, 16> words;  // those of the geometry, once it is in the table
  std::optional<DeclineReason> declined;
  PlanPtr plan;  // null: nothing to compute, the results have no elements
  c10::SmallVector<ResultGeometry, 1> results;
  std::uint8_t resized = 0;              // one bit a result: given without elements, it is resized on each call
  const NumberChecks* checks = nullptr;  // null: any number goes
  mutable int calls_inside = 0;          // of this thread, that are not done yet
};

// All that stays of a geometry, in the process: an entry with its plan. Direct-mapped, so that memory stays bounded
// however many geometries a program goes through. A new geometry takes a place that another one has when it comes again
// before a third one does: a geometry that comes once costs no other its place, and is forgotten. One table a thread,
// so that a hit takes no lock and shares no counter, and an entry ends when nobody can be using it: allocators and
// parallel loops may make calls inside a call, but an entry with a call inside is not replaced.
class PlanTable {
 public:
  static PlanTable& of_this_thread();

  const PlanEntry* find(const CallGeometry& geometry) const;
  // The entry where it is from now on: in the table, or where it was.
  const PlanEntry& insert(const CallGeometry& geometry, PlanEntry& entry);

 private:
  static constexpr std::size_t Size = 2048;
  // Hashes beside the entries: most geometries that are not there touch no entry.
  struct Place {
    std::uint64_t hash = 0;
    std::unique_ptr<PlanEntry> entry;
  };
  std::array<Place, Size> places_;
  std::array<std::uint32_t, Size> waiting_{};  // the hash of the last geometry that did not get the place
};

}  // namespace gems::aten
