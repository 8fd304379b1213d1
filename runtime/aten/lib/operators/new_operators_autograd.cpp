// Gradients of the fused operators. Backward runs the op's own gradient op where the catalogue has one; when the
// gradient itself will be differentiated, a formula of ATen operators takes its place.
#include <ATen/ExpandUtils.h>
#include <ATen/FuncTorchTLS.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/add.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "operators/operators.h"

namespace gems::aten {
namespace {

using at::Tensor;
using Gradients = std::array<Tensor, 2>;

// All of these ops are (Tensor, Tensor, at most one number or flag) -> Tensor, their gradient ops (x, y, grad, the
// same).
constexpr std::int8_t incoming_position = 2;
using Extra = std::optional<c10::IValue>;

struct GradientRow {
  const char* op;
  const char* gradient_op;  // null: the formula serves every backward
  Tensor (*composition)(const Tensor& x, const Tensor& y, const Extra& extra);  // the op in ATen's operators
  Gradients (*formula)(const Tensor& x, const Tensor& y, const Tensor& grad, const Extra& extra);
};

constexpr GradientRow rows[] = {
    {"silu_and_mul", "silu_and_mul_grad",
     [](const Tensor& x, const Tensor& y, const Extra&) { return at::silu(x) * y; },
     [](const Tensor& x, const Tensor& y, const Tensor& grad, const Extra&) -> Gradients {
       // As silu's own second derivative in PyTorch: silu_backward has none.
       const Tensor s = at::sigmoid(x);
       return {grad * y * s * (1 + x * (1 - s)), grad * x * s};
     }},
    {"gelu_and_mul", "gelu_and_mul_grad",
     [](const Tensor& x, const Tensor& y, const Extra& approximate) {
       return at::gelu(x, approximate->toStringView()) * y;
     },
     [](const Tensor& x, const Tensor& y, const Tensor& grad, const Extra& approximate) -> Gradients {
       const std::string_view mode = approximate->toStringView();
       return {at::gelu_backward(grad * y, x, mode), grad * at::gelu(x, mode)};
     }},
    {"bias_gelu", nullptr,
     [](const Tensor& x, const Tensor& bias, const Extra& approximate) {
       return at::gelu(x + bias, approximate->toStringView());
     },
     [](const Tensor& x, const Tensor& bias, const Tensor& grad, const Extra& approximate) -> Gradients {
       const Tensor inner = at::gelu_backward(grad, x + bias, approximate->toStringView());
       return {inner, inner};
     }},
    {"residual_scale_add", nullptr,
     [](const Tensor& x, const Tensor& residual, const Extra& scale) {
       return at::add(residual, x, scale->toScalar());
     },
     [](const Tensor& x, const Tensor& residual, const Tensor& grad, const Extra& scale) -> Gradients {
       return {at::mul(grad, scale->toScalar()), grad};
     }},
};

torch::jit::Stack call(const char* op, std::initializer_list<c10::IValue> tensors, const Extra& extra) {
  torch::jit::Stack stack(tensors);
  if (extra) stack.push_back(*extra);
  c10::Dispatcher::singleton().findSchemaOrThrow(("gems::" + std::string(op)).c_str(), "").callBoxed(stack);
  return stack;
}

struct Fused : torch::autograd::Function<Fused> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& y,
                        const GradientRow* row, const Extra& extra) {
    TORCH_CHECK(!x.is_complex() && !y.is_complex(), "gems::", row->op,
                " has no gradient for complex tensors; detach them or convert them to real ones");
    context->save_for_backward({x, y});
    context->saved_data["row"] = reinterpret_cast<std::int64_t>(row);
    if (extra) context->saved_data["extra"] = *extra;
    const at::AutoDispatchBelowADInplaceOrView below;
    return call(row->op, {x, y}, extra)[0].toTensor();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    if (!grads[0].defined()) return {Tensor(), Tensor(), Tensor(), Tensor()};
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor& y = saved[1];
    const auto& row = *reinterpret_cast<const GradientRow*>(context->saved_data.at("row").toInt());
    const auto found = context->saved_data.find("extra");
    const Extra extra = found == context->saved_data.end() ? std::nullopt : Extra(found->second);

    Gradients gradients;
    if (row.gradient_op != nullptr && !at::GradMode::is_enabled()) {
      const torch::jit::Stack results = call(row.gradient_op, {x, y, grads[0]}, extra);
      gradients = {results[0].toTensor(), results[1].toTensor()};
    } else {
      gradients = row.formula(x, y, grads[0], extra);
    }
    // A broadcast input gets the sum over what it was broadcast to.
    return {at::sum_to(gradients[0], x.sym_sizes()), at::sum_to(gradients[1], y.sym_sizes()), Tensor(), Tensor()};
  }
};

// The kernel for autograd, and for vmap, whose batching rules ATen's operators have already.
class Differentiate final : public c10::OperatorKernel {
 public:
  explicit Differentiate(const GradientRow& row) : row_(row) {}

  void operator()(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) const {
    const at::ArrayRef<c10::IValue> arguments = torch::jit::last(*stack, op.schema().arguments().size());
    if (!needs_gradient(arguments[0].toTensor(), arguments[1].toTensor()) && !in_functorch()) {
      op.redispatchBoxed(keys & c10::after_autograd_keyset, stack);
      return;
    }
    Extra extra;
    if (op.schema().arguments().size() > 2) extra = torch::jit::pop(*stack);
    const Tensor y = torch::jit::pop(*stack).toTensor();
    const Tensor x = torch::jit::pop(*stack).toTensor();
    // An autograd function of C++ has neither a forward mode nor a place in torch.func's transforms.
    const bool composed = has_tangent(x, y) || in_functorch();
    stack->emplace_back(composed ? row_.composition(x, y, extra) : Fused::apply(x, y, &row_, extra));
  }

 private:
  const GradientRow& row_;
};

}  // namespace

bool in_functorch() {
  const auto& state = at::functorch::functorchTLSAccessor();
  if (state == nullptr) return false;
  try {
    state->checkSupportsCppAutogradFunction();
    return false;
  } catch (const c10::Error&) {
    return true;
  }
}

bool has_gradient(const OpDef& op) {
  return std::ranges::any_of(rows, [&](const GradientRow& row) { return row.op == op.name; });
}

std::int8_t incoming_gradient(const OpDef& op) {
  const bool is_gradient = std::ranges::any_of(
      rows, [&](const GradientRow& row) { return row.gradient_op != nullptr && row.gradient_op == op.name; });
  return is_gradient ? incoming_position : std::int8_t{-1};
}

void register_gradients(torch::Library& library) {
  for (const GradientRow& row : rows)
    for (const c10::DispatchKey key : {c10::DispatchKey::Autograd, c10::DispatchKey::FuncTorchBatched})
      library.impl(
          row.op, torch::dispatch(key, torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Differentiate>(row))));
}

}  // namespace gems::aten
