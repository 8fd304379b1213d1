// The cold path of serve(): asks ATen about dtypes, TensorIterator about shapes and layout, the runtime for a plan.
#pragma once

#include <memory>

#include "geometry/plan_entry.h"

namespace gems::aten {

struct NewEntry {
  std::unique_ptr<PlanEntry> entry;
  bool keep = true;  // false: the answer holds for this call only (a stream is capturing)
};

// Throws only when request.raise is set.
NewEntry new_entry(const Request& request, const CallGeometry& geometry);

}  // namespace gems::aten
