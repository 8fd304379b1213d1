// Looks at the arguments for gradients and tangents before the call goes on below autograd.
#include "operators/undifferentiable.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <algorithm>
#include <string>

#include "operators/operators.h"
#include "overrides/override_table.h"

namespace gems::aten {
namespace {

std::string loss_text(const OpDef& op, bool is_out) {
  const std::string name = "gems::" + std::string(op.name);
  if (is_out)
    return name +
           ".out: functions with out=... arguments don't support automatic differentiation, but one of the arguments "
           "requires grad: call " +
           name + " without out=, or under torch.no_grad()";
  const bool is_aten = std::ranges::any_of(override_table(), [&](const TableRow& row) {
    const std::string& full = row.override.name();
    return full.substr(0, full.find('.')) == op.name;
  });
  return name + " has no gradient, but one of the arguments requires one: call " +
         (is_aten ? "PyTorch's own " + std::string(op.name) + " under gems.use_gems(), which has, or" : "it with") +
         " detached tensors";
}

class RefuseGradient final : public c10::OperatorKernel {
 public:
  RefuseGradient(const OpDef& op, bool is_out) : op_(op), is_out_(is_out) {}

  void operator()(const c10::OperatorHandle& handle, c10::DispatchKeySet keys, torch::jit::Stack* stack) const {
    for (const c10::IValue& value : torch::jit::last(*stack, handle.schema().arguments().size()))
      TORCH_CHECK(!value.isTensor() || !needs_gradient(value.toTensor()), loss_text(op_, is_out_));
    handle.redispatchBoxed(keys & c10::after_autograd_keyset, stack);
  }

 private:
  const OpDef& op_;
  bool is_out_;
};

}  // namespace

void register_undifferentiable(torch::Library& library, const OpDef& op) {
  const auto refuse = [&](const std::string& name, bool is_out) {
    library.impl(name.c_str(),
                 torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction::makeFromBoxedFunctor(
                                                                 std::make_unique<RefuseGradient>(op, is_out))));
  };
  refuse(std::string(op.name) + ".out", true);
  const bool only_truth = std::ranges::all_of(
      op.promotions, [](const Promotion& promotion) { return promotion.kind == PromotionKind::AlwaysBool; });
  if (!only_truth && !has_gradient(op)) refuse(std::string(op.name), false);
}

}  // namespace gems::aten
