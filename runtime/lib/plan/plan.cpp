// make_plan, launch, run and is_planned, over the tables of plans. See plan.h.
#include "gems/runtime/plan.h"

#include <fmt/format.h>
#include <pthread.h>

#include <array>

#include "gems/dsl/error.h"
#include "plan/analysis.h"
#include "plan/call_key.h"
#include "plan/thread_plans.h"
#include "process/counting.h"

namespace gems {
namespace {

bool is_in_memory(const Argument& argument) {
  return argument.kind == CallOperand::Kind::Tensor ||
         (argument.kind == CallOperand::Kind::ZeroDim && argument.in_memory);
}

// Plans that make_plan gave out: they stay for the life of the process.
InsertOnlyTable<std::shared_ptr<const Plan>>& shared_plans() {
  static InsertOnlyTable<std::shared_ptr<const Plan>>& plans = *[] {
    auto* made = new InsertOnlyTable<std::shared_ptr<const Plan>>;
    ::pthread_atfork([] { shared_plans().mutex().lock(); }, [] { shared_plans().mutex().unlock(); },
                     [] { shared_plans().mutex().unlock(); });
    return made;
  }();
  return plans;
}

// The key of a plan whose call has more dimensions than a CallKey has room for: its variant and collapsed geometry.
CallKey collapsed_key(const Analysis& analysis, const Plan& plan) {
  CallKey key;
  key.add(reinterpret_cast<std::uintptr_t>(plan.name.data()));
  key.add(plan.tensor_count | plan.number_count << 8);
  const Geometry& geometry = analysis.space.geometry;
  for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d) {
    key.add(static_cast<std::uint64_t>(geometry.sizes[d]));
    for (std::size_t t = 0; t < plan.tensor_count; ++t) key.add(static_cast<std::uint64_t>(geometry.strides[t][d]));
  }
  return key;
}

std::shared_ptr<const Plan> finished_plan(const Analysis& analysis, const PlanRequest& request) {
  auto plan = std::make_shared<Plan>();
  if (analysis.space.element_count > 0) {
    const Variant& variant = find_or_make_variant(analysis.key, request, analysis.layout);
    plan = backend_of(request.device).plan(variant, analysis.space, analysis.tensors.all());
    plan->name = variant.name;
  }
  plan->tensor_count = analysis.tensors.all().size();
  for (const Argument& argument : request.operands)
    plan->number_count += argument.kind != CallOperand::Kind::Flag && !is_in_memory(argument);
  return plan;
}

std::shared_ptr<const Plan> new_plan(const PlanRequest& request) {
  count(atomic_counters.plans);
  return finished_plan(analyse(request), request);
}

void launch_request(const Plan& plan, const PlanRequest& request, void* stream) {
  std::array<void*, MaxTensors> tensors;
  std::array<NumberValue, MaxOperands> numbers;
  std::size_t next_tensor = 0;
  std::size_t next_number = 0;
  for (const Argument& argument : request.operands) {
    if (argument.kind == CallOperand::Kind::Flag) continue;
    if (is_in_memory(argument)) {
      tensors[next_tensor++] = argument.tensor.data;
    } else {
      numbers[next_number++] = argument.number;
    }
  }
  for (const TensorView& result : request.results) tensors[next_tensor++] = result.data;
  plan.launch(tensors.data(), numbers.data(), stream);
}

}  // namespace

const Plan& make_plan(const PlanRequest& request) {
  CallKey key;
  if (!make_call_key(request, key)) {
    count(atomic_counters.plans);
    const Analysis analysis = analyse(request);
    auto plan = finished_plan(analysis, request);
    const CallKey collapsed = collapsed_key(analysis, *plan);
    return **shared_plans().find_or_insert(collapsed.hash(), collapsed.span(), std::move(plan)).value;
  }
  if (const auto* known = shared_plans().find(key.hash(), key.span())) return **known;
  return **shared_plans().find_or_insert(key.hash(), key.span(), new_plan(request)).value;
}

void launch(const Plan& plan, std::span<void* const> tensors, std::span<const NumberValue> numbers, void* stream) {
  if (tensors.size() != plan.tensor_count || numbers.size() != plan.number_count) [[unlikely]]
    throw Error(
        fmt::format("{}: launch was given {} addresses and {} numbers, expected {} and {}: the operands in "
                    "memory and then the results, and the operands that are not in memory",
                    plan.name, tensors.size(), numbers.size(), plan.tensor_count, plan.number_count));
  plan.launch(tensors.data(), numbers.data(), stream);
}

void run(const PlanRequest& request, void* stream) {
  CallKey key;
  ThreadPlans* held = make_call_key(request, key) ? thread_plans() : nullptr;
  if (!held) {
    launch_request(*new_plan(request), request, stream);
    return;
  }
  const Plan* plan = held->find(key);
  if (!plan) plan = &held->keep(key, new_plan(request));
  launch_request(*plan, request, stream);
}

bool is_planned(const PlanRequest& request) {
  CallKey key;
  if (make_call_key(request, key)) {
    const ThreadPlans* held = thread_plans();
    if ((held && held->find(key)) || shared_plans().find(key.hash(), key.span())) return true;
  }
  const Analysis analysis = analyse(request);
  return analysis.space.element_count == 0 || find_variant(analysis.key) != nullptr;
}

}  // namespace gems
