// What a Plan holds, and how one is made from a request. Plan itself is opaque to callers (plan.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gems/runtime/iteration_space.h"
#include "variant.h"

namespace gems {

class Plan {
 public:
  const Variant* variant = nullptr;  // null: no elements, nothing to launch
  std::size_t tensor_count = 0;      // operands in memory and results
  std::size_t number_count = 0;
  std::int64_t element_count = 0;

  // CUDA: grid and the last kernel parameter.
  driver::Grid grid;
  std::vector<std::byte> geometry;

  // CPU: collapsed sizes, innermost first, and strides_bytes[dimension * tensor_count + tensor].
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides_bytes;
};

// A request after its analysis: which variant, and the plan but for the variant.
struct Analysis {
  Plan plan;
  KernelLayout layout;
  VariantKey key;
  IterationSpace space;
};

// Checks the request and analyses its geometry. Throws gems::Error as make_plan does; compiles and launches nothing.
Analysis analyse(const PlanRequest& request);

// Takes the plan out of the analysis and completes it; compiles if need be.
Plan finished_plan(Analysis& analysis, const PlanRequest& request);

void launch_cpu(const Plan& plan, void* const* tensors, const NumberValue* numbers);
void launch_cuda(const Plan& plan, void* const* tensors, const NumberValue* numbers, void* stream);

// A plan without elements has no variant and launches nothing.
inline void launch_unchecked(const Plan& plan, void* const* tensors, const NumberValue* numbers, void* stream) {
  if (!plan.variant) return;
  if (plan.variant->cpu)
    launch_cpu(plan, tensors, numbers);
  else
    launch_cuda(plan, tensors, numbers, stream);
}

}  // namespace gems
