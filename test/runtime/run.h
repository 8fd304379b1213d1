// make_plan and launch in one.
#pragma once

#include <vector>

#include "plan_request.h"

namespace gems::test {

inline void run(const PlanRequest& request) {
  const auto plan = make_plan(request);
  std::vector<void*> tensors;
  std::vector<NumberValue> numbers;
  for (const Argument& argument : request.operands) {
    if (argument.is_in_memory())
      tensors.push_back(argument.tensor.data);
    else if (argument.is_number())
      numbers.push_back(argument.number);
  }
  for (const TensorView& result : request.results) tensors.push_back(result.data);
  launch(*plan, tensors, numbers, nullptr);
}

}  // namespace gems::test
