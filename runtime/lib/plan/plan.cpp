// make_plan, launch and is_planned. See plan.h.
#include "gems/runtime/plan.h"

#include <fmt/format.h>

#include "gems/dsl/error.h"
#include "plan/analysis.h"
#include "process/atomic_counters.h"

namespace gems {

std::shared_ptr<const Plan> make_plan(const PlanRequest& request) {
  count(&Counters::plans);
  const Analysis analysis = analyse(request);
  std::shared_ptr<Plan> plan;
  if (analysis.space.is_empty) {
    plan = std::make_shared<Plan>();
  } else {
    const Variant& variant = find_or_make_variant(analysis.key);
    plan = backend_of(request.device).plan(variant, analysis.space, analysis.tensors.all());
    plan->name = variant.name;
  }
  plan->tensor_count = analysis.tensors.all().size() + (plan->scratch_bytes > 0 ? 1 : 0);
  for (const Argument& argument : request.operands) plan->number_count += argument.is_number();
  return plan;
}

void launch(const Plan& plan, std::span<void* const> tensors, std::span<const NumberValue> numbers, void* stream) {
  if (tensors.size() != plan.tensor_count || numbers.size() != plan.number_count) [[unlikely]]
    throw Error(
        fmt::format("{}: launch was given {} addresses and {} numbers, expected {} and {}: the operands in "
                    "memory, then the results and the scratch memory if any, and the operands that are not in memory",
                    plan.name, tensors.size(), numbers.size(), plan.tensor_count, plan.number_count));
  plan.launch(tensors.data(), numbers.data(), stream);
}

std::size_t scratch_bytes(const Plan& plan) { return plan.scratch_bytes; }

bool is_planned(const PlanRequest& request) {
  const Analysis analysis = analyse(request);
  return analysis.space.is_empty || find_variant(analysis.key) != nullptr;
}

}  // namespace gems
