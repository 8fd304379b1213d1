// The cold path of serve(): asks ATen about dtypes, TensorIterator about shapes and layout, the runtime for a plan.
#pragma once

#include <memory>

#include "geometry/plan_entry.h"

namespace gems::aten {

struct FirstCall {
  std::unique_ptr<PlanEntry> entry;
  bool keep = true;  // false: the answer holds for this call only (a stream is capturing)
};

// Throws only when request.raise is set.
FirstCall first_call(const Request& request, const CallGeometry& geometry);

}  // namespace gems::aten
