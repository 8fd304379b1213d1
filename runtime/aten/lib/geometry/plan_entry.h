// PlanEntry: what serve() learned about one call geometry, and the per-thread table that finds it again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <c10/util/SmallVector.h>

#include "gems/runtime/plan.h"
#include "geometry/call_geometry.h"
#include "torch/allocate.h"

namespace gems::aten {

struct PlanEntry {
  std::uint64_t hash = 0;
  c10::SmallVector<std::uint64_t, 16> words;
  std::optional<DeclineReason> declined;
  std::shared_ptr<const Plan> plan;  // null: nothing to compute, the results have no elements
  c10::SmallVector<ResultGeometry, 1> results;
  std::uint8_t resized = 0;  // one bit a result: given without elements, it is resized on each call
  // The dtypes that numbers must fit, in order of CallGeometry::numbers; empty: any number goes.
  std::vector<DType> number_limits;
  std::optional<DType> exact_dtype;  // must have the very numbers: ATen rounds them to a float8 before it computes
  int exponent_number = -1;          // index among the numbers of one that must not be negative
  int divisor_number = -1;           // index among the numbers of one that must not be zero
  bool searches_divisor = false;     // the second argument is a tensor that must hold no zero
  std::size_t divisor_bytes = 0;     // of the dtype in which the divisor must not be zero
  mutable int calls_inside = 0;      // of this thread, that are not done yet
};

// All that stays of a geometry, in the process: an entry with its plan. Direct-mapped, so that memory stays bounded
// however many geometries a program goes through: a new one replaces the one that has its place. One table a thread, so
// that a hit takes no lock and shares no counter, and an entry ends when nobody can be using it: allocators and
// parallel loops may make calls inside a call, but an entry with a call inside is not replaced.
class PlanTable {
 public:
  static PlanTable& of_this_thread();

  const PlanEntry* find(const CallGeometry& geometry) const;
  // Takes the entry, unless a call is inside the one that has its place.
  void insert(std::unique_ptr<PlanEntry>& entry);

 private:
  static constexpr std::size_t Size = 2048;
  // Hashes beside the entries: most geometries that are not there touch no entry.
  struct Place {
    std::uint64_t hash = 0;
    std::unique_ptr<PlanEntry> entry;
  };
  std::array<Place, Size> places_;
};

}  // namespace gems::aten
