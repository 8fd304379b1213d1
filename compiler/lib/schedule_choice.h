// The decision behind choose_schedule, on exactly the facts it may depend on. pw-schedule takes the same decision from
// a kernel's attributes.
#pragma once

#include <vector>

#include "gems/compiler/schedule.h"

namespace gems {

struct Traffic {
  int size_bytes = 4;  // of one element
  bool is_single = false;
  bool is_result = false;
};

// From here on an operation counts as a function: it becomes many instructions.
inline constexpr int function_cost = 10;

struct ScheduleFacts {
  LayoutClass layout = LayoutClass::Flat;
  std::vector<Traffic> traffic;  // tensors read, then results
  int functions = 0;             // in the body: operations of function_cost and more
  int costliest = 0;             // the cost of its costliest operation
};

Schedule choose_schedule(const ScheduleFacts& facts, CudaTarget target);

}  // namespace gems
