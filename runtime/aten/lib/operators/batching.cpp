// A pointwise operator is batched by broadcasting: batch dimensions move to the front, and ranks are made equal behind
// them.
#include "operators/batching.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/functorch/BatchedTensorImpl.h>
#include <ATen/functorch/DynamicLayer.h>
#include <ATen/functorch/PlumbingHelper.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "gems/aten/dtype.h"
#include "gems/dsl/trace.h"
#include "operators/meta.h"
#include "operators/rows/row_arguments.h"
#include "operators/rows/row_batching.h"
#include "operators/stack_arguments.h"

namespace gems::aten {
namespace {

using at::Tensor;

class Batch final : public c10::OperatorKernel {
 public:
  explicit Batch(const OpDef& op) : op_(op) {}

  void operator()(const c10::OperatorHandle& handle, c10::DispatchKeySet, torch::jit::Stack* stack) const {
    const c10::impl::ExcludeDispatchKeyGuard below(c10::DispatchKey::FuncTorchBatched);
    const auto layer = at::functorch::maybeCurrentDynamicLayer();
    TORCH_CHECK(layer, "op '", std::string(op_.name), "': a batched tensor was used outside of the vmap that made it");
    const std::int64_t level = layer->layerId();
    const auto arguments = torch::jit::last(*stack, argument_count(op_));
    std::vector<Part> parts;
    std::int64_t rank = 0;
    bool is_batched = false;
    for (std::size_t i = 0; i < op_.operands.size(); ++i) {
      if (!arguments[i].isTensor()) continue;
      auto [tensor, batch_dim] = at::functorch::unwrapTensorAtLevel(arguments[i].toTensor(), level);
      parts.push_back({i, std::move(tensor), batch_dim});
      rank = std::max(rank, parts.back().rank());
      is_batched = is_batched || batch_dim;
    }
    const std::size_t first = stack->size() - argument_count(op_);
    if (is_batched && op_.is_rowwise) {
      call_batched_rows(op_, handle, *stack, parts, level);
      return;
    }
    if (is_batched) {
      keep_promotion(*stack, parts, rank);
      for (const Part& part : parts) (*stack)[first + part.position] = aligned(part, rank);
    }
    handle.callBoxed(stack);
    if (!is_batched) return;
    for (std::size_t r = 0; r < op_.result_count(); ++r) {
      c10::IValue& result = (*stack)[stack->size() - op_.result_count() + r];
      result = at::functorch::makeBatched(result.toTensor(), 0, level);
    }
  }

 private:
  static Tensor aligned(const Part& part, std::int64_t rank) {
    if (!part.batch_dim) return part.tensor;
    Tensor tensor = part.tensor.movedim(*part.batch_dim, 0);
    for (std::int64_t missing = rank - part.rank(); missing > 0; --missing) tensor = tensor.unsqueeze(1);
    return tensor;
  }

  // A tensor without dimensions has the lower priority in promotion, which its batch dimension would take from it: it
  // is converted to what it promotes to.
  void keep_promotion(const torch::jit::Stack& stack, std::vector<Part>& parts, std::int64_t rank) const {
    const auto is_demoted = [&](const Part& part) { return part.batch_dim && part.rank() == 0 && rank > 0; };
    if (std::ranges::none_of(parts, is_demoted)) return;
    std::vector<CallOperand> operands;
    const StackArguments arguments(op_, stack);
    for (std::size_t i = 0; i < op_.operands.size(); ++i) operands.push_back(operand_of(op_, i, arguments.get()[i]));
    const ResolvedTypes types = resolve_types(op_, operands, *to_dtype(c10::get_default_dtype_as_scalartype()));
    for (std::size_t r = 0; r < op_.result_count(); ++r) {
      const Promotion& promotion = op_.promotions[r];
      if (promotion.kind == PromotionKind::ComplexToFloat) continue;  // one operand only
      const DType promoted = promotion.kind == PromotionKind::AlwaysBool ? types.result_compute[r] : types.result[r];
      for (Part& part : parts)
        if (is_demoted(part) &&
            std::ranges::find(promotion.operands, static_cast<int>(part.position)) != promotion.operands.end())
          part.tensor = part.tensor.to(to_scalar_type(promoted));
    }
  }

  const OpDef& op_;
};

}  // namespace

void register_batching(torch::Library& library, const OpDef& op, const std::string& name) {
  library.impl(name.c_str(), torch::dispatch(c10::DispatchKey::FuncTorchBatched,
                                             torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Batch>(op))));
}

}  // namespace gems::aten
