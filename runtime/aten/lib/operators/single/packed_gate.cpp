// The halves of x are views. Where a gradient is differentiated in turn, in forward mode and under vmap, the call is
// one of the operator on two tensors, whose rules are derived.
#include "operators/single/packed_gate.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/library.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "gems/aten/serve.h"
#include "gems/ops/fused.h"
#include "operators/autograd.h"
#include "operators/operators.h"
#include "torch/graph_node.h"
#include "torch/undispatched_view.h"

namespace gems::aten {
namespace {

using at::Tensor;

void check(const OpDef& op, const Tensor& x) {
  TORCH_CHECK(x.dim() > 0 && x.sym_size(-1) % 2 == 0, "op '", std::string(op.name), "': operand 0 'x' has shape ",
              x.sym_sizes(), ", expected [..., 2 N], N gates and N values one behind the other: pack them so, or call ",
              "it with two tensors");
}

// Gate and value.
template <class Half>
std::array<Half, 2> in_order(Half first, Half second, bool gate_last) {
  if (gate_last) std::swap(first, second);
  return {std::move(first), std::move(second)};
}

std::array<Tensor, 2> halves(const Tensor& x, bool gate_last) {
  const c10::SymInt half = x.sym_size(-1) / 2;
  return in_order(x.slice_symint(-1, 0, half), x.slice_symint(-1, half), gate_last);
}

// The same of plain tensors.
std::array<Tensor, 2> views_of_halves(const Tensor& x, bool gate_last) {
  at::DimVector sizes(x.sizes());
  sizes.back() /= 2;
  const auto half_at = [&](std::int64_t offset) {
    return undispatched_view(x, x.scalar_type(), sizes, x.strides(), offset);
  };
  return in_order(half_at(x.storage_offset()), half_at(x.storage_offset() + sizes.back() * x.stride(-1)), gate_last);
}

// Flags: those of the op, each a text.
template <const OpDef& op, const OpDef& gradient_op, class... Flags>
struct PackedGate {
  static std::string name() { return std::string(op.name); }
  static std::string gradient_name() { return "_" + name() + "_packed_grad"; }

  template <class Signature>
  static auto operator_of(const std::string& base, const char* overload) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(("gems::" + base).c_str(), overload).typed<Signature>();
  }

  static Tensor dispatched(const Tensor& x, bool gate_last, Flags... flags) {
    static const auto packed = operator_of<Tensor(const Tensor&, bool, Flags...)>(name(), "packed");
    return packed.call(x, gate_last, flags...);
  }
  static Tensor dispatched_gradient(const Tensor& grad, const Tensor& x, bool gate_last, Flags... flags) {
    static const auto gradient = operator_of<Tensor(const Tensor&, const Tensor&, bool, Flags...)>(gradient_name(), "");
    return gradient.call(grad, x, gate_last, flags...);
  }

  // By the operators on two tensors.
  static Tensor composition(const Tensor& x, bool gate_last, Flags... flags) {
    static const auto apart = operator_of<Tensor(const Tensor&, const Tensor&, Flags...)>(name(), "");
    check(op, x);
    const auto [gate, value] = halves(x, gate_last);
    return apart.call(gate, value, flags...);
  }
  static Tensor gradient_composition(const Tensor& grad, const Tensor& x, bool gate_last, Flags... flags) {
    using Signature = std::tuple<Tensor, Tensor>(const Tensor&, const Tensor&, const Tensor&, Flags...);
    static const auto apart = operator_of<Signature>(std::string(gradient_op.name), "");
    const auto [gate, value] = halves(x, gate_last);
    const auto [of_gate, of_value] = apart.call(gate, value, grad, flags...);
    return at::cat(in_order(of_gate, of_value, gate_last), -1);
  }

  static void serve_halves(const OpDef& served, std::span<const CallArgument> arguments, std::span<Tensor> results,
                           CallCounts& counts) {
    serve_or_throw({.op = &served,
                    .arguments = arguments,
                    .results = results,
                    .rules = {.disjoint_results = results.size() > 1},
                    .raise = true},
                   counts);
  }

  static void compute_to(const Tensor& x, bool gate_last, std::span<Tensor> result, CallCounts& counts,
                         Flags... flags) {
    check(op, x);
    const auto [gate, value] = views_of_halves(x, gate_last);
    serve_halves(op, std::array{CallArgument(gate), CallArgument(value), CallArgument(FlagValue(flags))...}, result,
                 counts);
  }
  static Tensor compute(const Tensor& x, bool gate_last, Flags... flags) {
    static CallCounts& counts = operator_counts("gems::" + name() + ".packed");
    Tensor result;
    compute_to(x, gate_last, {&result, 1}, counts, flags...);
    return result;
  }
  static void compute_into(const Tensor& x, bool gate_last, Flags... flags, Tensor& out) {
    static CallCounts& counts = operator_counts("gems::" + name() + ".packed_out");
    out.unsafeGetTensorImpl()->bump_version();
    compute_to(x, gate_last, {&out, 1}, counts, flags...);
  }
  static Tensor compute_gradient(const Tensor& grad, const Tensor& x, bool gate_last, Flags... flags) {
    static CallCounts& counts = operator_counts("gems::" + gradient_name());
    Tensor result = at::empty_like(x);
    const auto [gate, value] = views_of_halves(x, gate_last);
    auto results = views_of_halves(result, gate_last);
    serve_halves(
        gradient_op,
        std::array{CallArgument(gate), CallArgument(value), CallArgument(grad), CallArgument(FlagValue(flags))...},
        results, counts);
    return result;
  }

  static void infer_into(const Tensor&, bool, Flags..., Tensor&) {}
  static Tensor infer_gradient(const Tensor&, const Tensor& x, bool, Flags...) { return at::empty_like(x); }

  class Backward final : public torch::autograd::Node {
   public:
    Backward(const Tensor& x, bool gate_last, Flags... flags)
        : x_(x, /*is_output=*/false), gate_last_(gate_last), flags_{std::string(flags)...} {}

    std::string name() const override { return std::string(op.name) + "_packed_backward"; }

    torch::autograd::variable_list apply(torch::autograd::variable_list&& incoming) override {
      const std::lock_guard lock(mutex_);
      if (!incoming[0].defined() || !task_should_compute_output(0)) return {Tensor()};
      const Tensor x = x_.unpack();
      return {std::apply(
          [&](const auto&... flags) { return dispatched_gradient(incoming[0], x, gate_last_, Flags(flags)...); },
          flags_)};
    }

    void release_variables() override {
      const std::lock_guard lock(mutex_);
      x_.reset_data();
    }

   private:
    torch::autograd::SavedVariable x_;
    bool gate_last_;
    std::array<std::string, sizeof...(Flags)> flags_;
  };

  static Tensor differentiate(const Tensor& x, bool gate_last, Flags... flags) {
    // The gradient op is one of real numbers.
    if (has_tangent(x) || (needs_gradient(x) && x.is_complex())) return composition(x, gate_last, flags...);
    NodePointer node;
    if (needs_gradient(x)) {
      node = make_node<Backward>(x, gate_last, flags...);
      node->set_next_edges({torch::autograd::impl::gradient_edge(x)});
    }
    Tensor result;
    {
      const at::AutoDispatchBelowADInplaceOrView below;
      result = dispatched(x, gate_last, flags...);
    }
    if (node) torch::autograd::set_history(result, node);
    return result;
  }
  static Tensor differentiate_gradient(const Tensor& grad, const Tensor& x, bool gate_last, Flags... flags) {
    if (needs_gradient(grad, x)) return gradient_composition(grad, x, gate_last, flags...);
    const at::AutoDispatchBelowADInplaceOrView below;
    return dispatched_gradient(grad, x, gate_last, flags...);
  }

  // flags: as in a schema, each begins with a comma.
  static void define(torch::Library& library, const std::string& flags) {
    using enum c10::DispatchKey;
    const std::vector<at::Tag> tags{at::Tag::pt2_compliant_tag};
    const std::string packed = name() + ".packed";
    library.def((packed + "(Tensor x, *, bool gate_last=False" + flags + ") -> Tensor").c_str(), tags);
    library.impl(packed.c_str(), torch::dispatch(CPU, TORCH_FN(compute)));
    library.impl(packed.c_str(), torch::dispatch(CUDA, TORCH_FN(compute)));
    library.impl(packed.c_str(), torch::dispatch(Meta, TORCH_FN(composition)));
    library.impl(packed.c_str(), torch::dispatch(FuncTorchBatched, TORCH_FN(composition)));
    library.impl(packed.c_str(), torch::dispatch(Autograd, TORCH_FN(differentiate)));

    const std::string into = name() + ".packed_out";
    library.def((into + "(Tensor x, *, bool gate_last=False" + flags + ", Tensor(a!) out) -> ()").c_str(), tags);
    library.impl(into.c_str(), torch::dispatch(CPU, TORCH_FN(compute_into)));
    library.impl(into.c_str(), torch::dispatch(CUDA, TORCH_FN(compute_into)));
    library.impl(into.c_str(), torch::dispatch(Meta, TORCH_FN(infer_into)));
    register_out_autograd(library, into);

    const std::string gradient = gradient_name();
    library.def((gradient + "(Tensor grad, Tensor x, *, bool gate_last=False" + flags + ") -> Tensor").c_str(), tags);
    library.impl(gradient.c_str(), torch::dispatch(CPU, TORCH_FN(compute_gradient)));
    library.impl(gradient.c_str(), torch::dispatch(CUDA, TORCH_FN(compute_gradient)));
    library.impl(gradient.c_str(), torch::dispatch(Meta, TORCH_FN(infer_gradient)));
    library.impl(gradient.c_str(), torch::dispatch(FuncTorchBatched, TORCH_FN(gradient_composition)));
    library.impl(gradient.c_str(), torch::dispatch(Autograd, TORCH_FN(differentiate_gradient)));

    for (const std::string& each : {packed, into, gradient})  // so that the report knows them before their first call
      operator_counts("gems::" + each);
  }
};

}  // namespace

void register_packed_gates(torch::Library& library) {
  PackedGate<ops::silu_and_mul_op, ops::silu_and_mul_grad_op>::define(library, "");
  PackedGate<ops::gelu_and_mul_op, ops::gelu_and_mul_grad_op, c10::string_view>::define(library,
                                                                                        ", str approximate=\"none\"");
}

}  // namespace gems::aten
