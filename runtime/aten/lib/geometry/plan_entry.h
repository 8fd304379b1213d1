// PlanEntry: what serve() learned about one call geometry, and the per-thread table that finds it again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gems/runtime/plan.h"
#include "geometry/call_geometry.h"
#include "torch/allocate.h"

namespace gems::aten {

struct PlanEntry {
  std::uint64_t hash = 0;
  std::vector<std::uint64_t> words;
  std::optional<DeclineReason> declined;
  const Plan* plan = nullptr;  // null: nothing to compute, the results have no elements
  std::array<ResultGeometry, MaxResults> results;
  // The dtypes that numbers must fit, in order of CallGeometry::numbers; empty: any number goes.
  std::vector<DType> number_limits;
  std::optional<DType> exact_dtype;  // must have the very numbers: ATen rounds them to a float8 before it computes
  int exponent_number = -1;          // index among the numbers of one that must not be negative
  int divisor_number = -1;           // index among the numbers of one that must not be zero
  bool searches_divisor = false;     // the second argument is a tensor that must hold no zero
  std::size_t divisor_bytes = 0;     // of the dtype in which the divisor must not be zero
};

// Direct-mapped: a new geometry replaces the one that has its place. One table a thread, so that a hit takes no lock.
class PlanTable {
 public:
  static PlanTable& of_this_thread();

  const PlanEntry* find(const CallGeometry& geometry) const;
  const PlanEntry* insert(std::unique_ptr<PlanEntry> entry);

 private:
  static constexpr std::size_t Size = 2048;
  std::array<std::unique_ptr<PlanEntry>, Size> entries_;
};

}  // namespace gems::aten
