// Planner and launch. See plan.h.
#include "gems/runtime/plan.h"

#include <fmt/format.h>

#include "gems/dsl/call.h"
#include "gems/dsl/error.h"
#include "gems/runtime/iteration_space.h"
#include "gems/runtime/row_iteration_space.h"
#include "plan/named_tensors.h"
#include "process/atomic_counters.h"
#include "variant/variant.h"

namespace gems {

// A geometry: the iteration space, and the layout class that says which variant computes it.
struct Planner::Analysis {
  NamedTensors tensors;
  IterationSpace space;  // as the variant's kernel walks it
  KernelLayout layout;   // not set where no result has elements

  Analysis(const Planner& planner, const PlanTensors& given)
      : tensors(planner.signature_, given), space(space_of(planner, given)), layout(layout_of(planner)) {}

  VariantKey key(const Planner& planner) const {
    return {.signature = planner.signature_, .device = planner.device_, .layout = layout};
  }

 private:
  IterationSpace space_of(const Planner& planner, const PlanTensors& given) {
    const OpDef& op = *planner.signature_.op;
    if (!op.is_rowwise) return iteration_space(op.name, tensors.operands(), tensors.results());
    tensors.set_extents(planner.trace_);
    return row_iteration_space(op.name, tensors.operands(), tensors.results(), given.reduced);
  }
  KernelLayout layout_of(const Planner& planner) {
    if (space.is_empty) return {};
    const Backend& backend = backend_of(planner.device_);
    const OpDef& op = *planner.signature_.op;
    return op.is_rowwise
               ? backend.row_layout(planner.trace_, space, tensors.operands(), tensors.results(), planner.device_.index)
               : backend.layout(op.name, space, tensors.operands(), tensors.results());
  }
};

Planner::Planner(const Signature& signature, Device device) : signature_(signature), device_(device) {
  const OpDef& op = *signature.op;
  check_call(op, {signature.operands.begin(), signature.operands.size()});
  if (signature.results.size() != op.result_count())
    throw Error(fmt::format("op '{}' has {} results, given {}; pass one for each", op.name, op.result_count(),
                            signature.results.size()));
  for (std::size_t i = 0; i < signature_.operands.size(); ++i) {
    CallOperand& operand = signature_.operands[i];
    operand.in_memory = operand.is_in_memory();
    number_count_ += operand.is_number();
  }
  if (op.is_rowwise) trace_ = gems::trace(signature_);
}

PlanPtr Planner::plan(const PlanTensors& tensors) const {
  count(&Counters::plans);
  const Analysis analysis(*this, tensors);
  std::unique_ptr<Plan> plan;
  if (analysis.space.is_empty) {
    plan = std::make_unique<Plan>();
  } else {
    const Variant& variant = variant_of(analysis);
    plan = backend_of(device_).plan(variant, analysis.space, analysis.tensors.all());
    plan->name = variant.name;
  }
  plan->tensor_count = analysis.tensors.all().size() + (plan->scratch_bytes > 0 ? 1 : 0);
  plan->number_count = number_count_;
  return PlanPtr(plan.release());
}

bool Planner::is_planned(const PlanTensors& tensors) const {
  const Analysis analysis(*this, tensors);
  return analysis.space.is_empty || find_variant(analysis.key(*this)) != nullptr;
}

const Variant& Planner::variant_of(const Analysis& analysis) const {
  for (const auto& last : last_variants_) {
    const Variant* variant = last.load(std::memory_order_acquire);
    if (variant != nullptr && variant->layout == analysis.layout) return *variant;
  }
  const Variant& variant = find_or_make_variant(analysis.key(*this));
  const unsigned place = next_variant_.fetch_add(1, std::memory_order_relaxed);
  last_variants_[place % last_variants_.size()].store(&variant, std::memory_order_release);
  return variant;
}

void PlanEnd::operator()(const Plan* plan) const { delete plan; }

void launch(const Plan& plan, std::span<void* const> tensors, std::span<const NumberValue> numbers, void* stream) {
  if (tensors.size() != plan.tensor_count || numbers.size() != plan.number_count) [[unlikely]]
    throw Error(
        fmt::format("{}: launch was given {} addresses and {} numbers, expected {} and {}: the operands in "
                    "memory, then the results and the scratch memory if any, and the operands that are not in memory",
                    plan.name, tensors.size(), numbers.size(), plan.tensor_count, plan.number_count));
  plan.launch(tensors.data(), numbers.data(), stream);
}

std::size_t scratch_bytes(const Plan& plan) { return plan.scratch_bytes; }

}  // namespace gems
