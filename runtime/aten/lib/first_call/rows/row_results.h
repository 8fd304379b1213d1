// The tensors of a rowwise call as a plan takes them: with all dimensions of the elements; and the shapes of its
// results, which are contiguous.
#pragma once

#include <list>

#include "first_call/call_kind.h"
#include "geometry/plan_entry.h"

namespace gems::aten {

using TensorViews = c10::SmallVector<TensorView, 4>;

// What the views of a plan's tensors point to.
struct FullRank {
  at::DimVector sizes;
  at::DimVector strides;
};
using FullRanks = std::list<FullRank>;

// Gives the results the dtypes of ATen's where they hold the same values: saved statistics that it rounds, truth values
// that it stores as uint8. False where ATen's are others.
bool take_aten_dtypes(const Request& request, const ResultTypes& aten, ResolvedTypes& types);

// Views the operands that have rows or columns only, then adds the results: to the entry and to `results`. operands:
// those in memory. Nothing, or why ATen has to do the call. Throws gems::Error only when request.raise is set.
std::optional<DeclineReason> add_row_results(const Request& request, const CallGeometry& geometry, const CallKind& kind,
                                             PlanEntry& entry, TensorViews& operands, FullRanks& ranks,
                                             TensorViews& results);

}  // namespace gems::aten
