// As PyTorch's generated VariableType: the call goes on below autograd, and its results get a node of the graph, whose
// backward calls the derived operators through the dispatcher. Those have autograd, batching and meta kernels of their
// own: double backward, torch.func and tracing need nothing else.
#include "operators/autograd.h"

#include <ATen/ExpandUtils.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/real.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "gems/dsl/error.h"
#include "operators/derived_operators.h"
#include "operators/operators.h"
#include "operators/rows/row_arguments.h"
#include "torch/graph_node.h"

namespace gems::aten {
namespace {

using at::Tensor;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;
using From = DerivedOperand::From;

bool has_derivative(const Tensor& tensor) { return at::isFloatingType(tensor.scalar_type()) || tensor.is_complex(); }

// A value of a rowwise op that does not vary along a row, or has kept dimensions that this shape has not.
Tensor reshaped(const Tensor& value, c10::SymIntArrayRef sizes) {
  if (value.sym_sizes() == sizes) return value;
  return value.sym_numel() == c10::multiply_integers(sizes) ? value.reshape_symint(sizes) : value.expand_symint(sizes);
}

// What a gradient needs to know of its operand.
struct Target {
  c10::SymDimVector sizes;
  at::ScalarType dtype;
  OperandKind kind;
  Target(const Tensor& operand, OperandKind kind_)
      : sizes(operand.sym_sizes()), dtype(operand.scalar_type()), kind(kind_) {}

  // Of the incoming gradient's kind: a subclass of tensors gets its own.
  Tensor zeros(const Tensor& incoming) const { return incoming.new_zeros_symint(sizes, dtype); }
  // A broadcast operand gets the sum over what it was broadcast to, a real one the real part.
  Tensor shaped(Tensor gradient, const std::optional<c10::SymDimVector>& elements) const {
    if (kind != OperandKind::Tensor) {
      gradient = reshaped(gradient, sizes);
    } else {
      if (elements) gradient = reshaped(gradient, *elements);
      gradient = at::sum_to(std::move(gradient), c10::SymIntArrayRef(sizes));
    }
    if (gradient.is_complex() && !at::isComplexType(dtype)) gradient = at::real(gradient);
    return gradient.to(dtype);
  }
};

// Ends the call of a derived op of a rowwise op: it reduces what the op reduced, and its results of row extent keep all
// dimensions. One of its tensors gets the shape of the elements, if none has it.
void add_row_arguments(const OpDef& derived, const c10::SymDimVector& elements, c10::ArrayRef<c10::IValue> arguments,
                       torch::jit::Stack& stack) {
  const auto is_of_elements = [&](std::size_t i) {
    return derived.operands[i].kind == OperandKind::Tensor && stack[i].isTensor();
  };
  std::optional<std::size_t> first;
  bool is_known = false;
  for (std::size_t i = 0; i < derived.operands.size(); ++i) {
    if (!is_of_elements(i)) continue;
    if (!first) first = i;
    is_known = is_known || stack[i].toTensor().sym_sizes() == c10::SymIntArrayRef(elements);
  }
  if (first && !is_known) stack[*first] = stack[*first].toTensor().expand_symint(elements);
  stack.push_back(arguments[arguments.size() - 2]);
  stack.emplace_back(true);
}

class Backward final : public torch::autograd::Node {
 public:
  Backward(const DerivedOperators& of, const std::vector<DerivedCall>& calls)
      : calls_(calls), name_(std::string(of.op().name) + "_backward") {}

  std::string name() const override { return name_; }

  // The operands' part, before the call; results follow when they have their place in the graph.
  void save_arguments(const OpDef& op, c10::ArrayRef<c10::IValue> arguments) {
    if (op.is_rowwise) elements_ = element_sizes(op, arguments);
    arguments_.assign(arguments.begin(), arguments.end());
    for (c10::IValue& argument : arguments_)
      if (argument.isTensor()) argument = c10::IValue();
    for (const DerivedCall& call : calls_) {
      for (const int position : call.positions) {
        const auto at = static_cast<std::size_t>(position);
        targets_.emplace_back(arguments[at].toTensor(), op.operands[at].kind);
      }
      for (const auto& [from, index] : call.operands) {
        const auto at = static_cast<std::size_t>(index);
        if (from == From::Operand && arguments[at].isTensor() && !operands_[at])
          operands_[at].emplace(arguments[at].toTensor(), false);
      }
    }
  }
  void save_results(c10::ArrayRef<c10::IValue> results) {
    for (const DerivedCall& call : calls_)
      for (const auto& [from, index] : call.operands)
        if (const auto at = static_cast<std::size_t>(index); from == From::Result && !results_[at])
          results_[at].emplace(results[at].toTensor(), true);
  }

  variable_list apply(variable_list&& incoming) override {
    const std::lock_guard lock(mutex_);
    variable_list gradients(targets_.size());
    const auto defined = std::ranges::find_if(incoming, [](const Tensor& each) { return each.defined(); });
    if (defined == incoming.end()) return gradients;
    std::size_t first = 0;
    for (const DerivedCall& call : calls_) {
      torch::jit::Stack stack;
      if (call.handle) {
        for (const DerivedOperand& operand : call.operands) stack.push_back(value_of(operand, incoming));
        if (elements_) add_row_arguments(*call.op, *elements_, arguments_, stack);
        call.handle->callBoxed(&stack);
      }
      for (std::size_t i = 0; i < call.results.size(); ++i) {
        if (!task_should_compute_output(first + i)) continue;
        const int result = call.results[i];
        const Target& target = targets_[first + i];
        gradients[first + i] = result < 0
                                   ? target.zeros(*defined)
                                   : target.shaped(stack[static_cast<std::size_t>(result)].toTensor(), elements_);
      }
      first += call.results.size();
    }
    return gradients;
  }

  void release_variables() override {
    const std::lock_guard lock(mutex_);
    for (auto* saved : {operands_.data(), results_.data()})
      for (std::size_t i = 0; i < operands_.size(); ++i)
        if (saved[i]) saved[i]->reset_data();
  }

 private:
  c10::IValue value_of(const DerivedOperand& operand, const variable_list& incoming) {
    const auto at = static_cast<std::size_t>(operand.index);
    switch (operand.from) {
      case From::Incoming:
        return incoming[at].defined() ? incoming[at] : input_metadata(at).zeros_like();
      case From::Result:
        return results_[at]->unpack(pointer_to(*this));
      case From::Operand:
        return operands_[at] ? c10::IValue(operands_[at]->unpack()) : arguments_[at];
    }
    return {};
  }

  const std::vector<DerivedCall>& calls_;
  std::string name_;
  std::vector<Target> targets_;         // of all calls, one after the other
  std::vector<c10::IValue> arguments_;  // those that are no tensors
  std::array<std::optional<SavedVariable>, MaxOperands> operands_;
  std::array<std::optional<SavedVariable>, MaxOperands> results_;
  std::optional<c10::SymDimVector> elements_;  // of a rowwise op
};

class Differentiate final : public c10::OperatorKernel {
 public:
  Differentiate(const OpDef& op, const std::string& name_space)
      : op_(op),
        full_name_(name_space + "::" + std::string(op.name)),
        derived_(std::make_shared<DerivedOperators>(op, name_space)) {}

  void operator()(const c10::OperatorHandle& handle, c10::DispatchKeySet keys, torch::jit::Stack* stack) const {
    PositionSet wanted = 0, moving = 0;
    {
      const auto arguments = torch::jit::last(*stack, argument_count(op_));
      const bool is_recording = at::GradMode::is_enabled();
      for (std::size_t i = 0; i < op_.operands.size(); ++i) {
        if (!arguments[i].isTensor()) continue;
        const Tensor& tensor = arguments[i].toTensor();
        if (is_recording && tensor.requires_grad()) wanted |= only(i);
        if (has_tangent(tensor)) moving |= only(i);
      }
    }
    if (wanted == 0 && moving == 0) {
      handle.redispatchBoxed(keys & c10::after_autograd_keyset, stack);
      return;
    }
    differentiate(handle, keys, *stack, wanted, moving);
  }

 private:
  // Errors of differentiation are those of a user of the operator.
  template <class Ask>
  const std::vector<DerivedCall>& ask(const Ask& derivatives) const {
    try {
      return derivatives();
    } catch (const Error& error) {
      TORCH_CHECK(false, full_name_,
                  " has no gradient, but one of the arguments requires one: call it with detached tensors (",
                  error.what(), ")");
    }
  }

  void differentiate(const c10::OperatorHandle& handle, c10::DispatchKeySet keys, torch::jit::Stack& stack,
                     PositionSet wanted, PositionSet moving) const {
    const auto given = torch::jit::last(stack, argument_count(op_));
    const std::vector<c10::IValue> arguments(given.begin(), given.end());
    const std::vector<DerivedCall>* tangents =
        moving == 0 ? nullptr : &ask([&]() -> const std::vector<DerivedCall>& { return derived_->tangents(moving); });
    const NodePointer node = wanted == 0 ? NodePointer() : node_for(arguments, wanted);
    {
      const at::AutoDispatchBelowADInplaceOrView below;
      handle.redispatchBoxed(keys & c10::after_autograd_keyset, &stack);
    }
    const auto results = torch::jit::last(stack, op_.result_count());
    if (node != nullptr) {
      const PositionSet continuous = continuous_results(op_);
      for (std::size_t r = 0; r < results.size(); ++r) {
        const Tensor& result = results[r].toTensor();
        if (has(continuous, r) && has_derivative(result))
          torch::autograd::set_history(result, node);
        else
          node->add_input_metadata(torch::autograd::Node::undefined_input());
      }
    }
    if (tangents != nullptr) push_forward(*tangents, arguments, results);
    // What is saved of a result is its tangent, too.
    if (auto* backward = dynamic_cast<Backward*>(node.get())) backward->save_results(results);
  }

  NodePointer node_for(const std::vector<c10::IValue>& arguments, PositionSet wanted) const {
    const auto edge_of = [&](std::size_t position) {
      return torch::autograd::impl::gradient_edge(arguments[position].toTensor());
    };
    torch::autograd::edge_list edges;
    try {
      bool is_real = true;
      for (const c10::IValue& argument : arguments)
        if (argument.isTensor()) is_real = is_real && !argument.toTensor().is_complex();
      const auto& calls =
          ask([&]() -> const std::vector<DerivedCall>& { return derived_->gradients(wanted, is_real); });
      auto node = make_node<Backward>(*derived_, calls);
      for (const DerivedCall& call : calls)
        for (const int position : call.positions) edges.push_back(edge_of(static_cast<std::size_t>(position)));
      node->set_next_edges(std::move(edges));
      node->save_arguments(op_, arguments);
      return node;
    } catch (const c10::Error& error) {
      // A derivative is computed whether or not it will be differentiated in turn: only that raises.
      if (op_.source == nullptr) throw;
      for (std::size_t i = 0; i < op_.operands.size(); ++i)
        if (has(wanted, i)) edges.push_back(edge_of(i));
      return make_node<torch::autograd::Error>(error.what_without_backtrace(), std::move(edges));
    }
  }

  void push_forward(const std::vector<DerivedCall>& calls, const std::vector<c10::IValue>& arguments,
                    c10::ArrayRef<c10::IValue> results) const {
    std::vector<Tensor> tangents(results.size());
    std::optional<c10::SymDimVector> elements;
    if (op_.is_rowwise) elements = element_sizes(op_, arguments);
    for (const DerivedCall& call : calls) {
      if (!call.handle) continue;
      torch::jit::Stack stack;
      for (const auto& [from, index] : call.operands) {
        const c10::IValue& argument = arguments[static_cast<std::size_t>(index)];
        if (from == From::Incoming)
          stack.emplace_back(argument.toTensor()._fw_grad(0));
        else
          stack.push_back(primal_of(argument));
      }
      if (elements) add_row_arguments(*call.op, *elements, arguments, stack);
      call.handle->callBoxed(&stack);
      for (std::size_t i = 0; i < call.results.size(); ++i) {
        if (call.results[i] < 0) continue;
        const auto position = static_cast<std::size_t>(call.positions[i]);
        Tensor& tangent = tangents[position];
        Tensor term = stack[static_cast<std::size_t>(call.results[i])].toTensor();
        if (elements) term = reshaped(term, results[position].toTensor().sym_sizes());
        tangent = tangent.defined() ? tangent + term : term;
      }
    }
    for (std::size_t r = 0; r < tangents.size(); ++r)
      if (tangents[r].defined() && has_derivative(results[r].toTensor()))
        results[r].toTensor()._set_fw_grad(tangents[r], /*level=*/0, /*is_inplace_op=*/false);
  }

  static c10::IValue primal_of(const c10::IValue& argument) {
    if (!argument.isTensor() || argument.toTensor().unsafeGetTensorImpl()->is_wrapped_number()) return argument;
    return argument.toTensor()._fw_primal(0);
  }

  const OpDef& op_;
  std::string full_name_;
  std::shared_ptr<DerivedOperators> derived_;
};

class RefuseOut final : public c10::OperatorKernel {
 public:
  void operator()(const c10::OperatorHandle& handle, c10::DispatchKeySet keys, torch::jit::Stack* stack) const {
    const std::string& name = handle.schema().name();
    const std::string full_name = c10::toString(handle.operator_name());
    for (const c10::IValue& value : torch::jit::last(*stack, handle.schema().arguments().size()))
      TORCH_CHECK(!value.isTensor() || !needs_gradient(value.toTensor()), full_name,
                  ": functions with out=... arguments don't support automatic differentiation, but one of the "
                  "arguments requires grad: call ",
                  name, " without out=, or under torch.no_grad()");
    handle.redispatchBoxed(keys & c10::after_autograd_keyset, stack);
  }
};

}  // namespace

void register_autograd(torch::Library& library, const OpDef& op, const std::string& name,
                       const std::string& name_space) {
  if (continuous_results(op) == 0) return;  // nothing to differentiate, and nothing that would be lost
  library.impl(name.c_str(),
               torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction::makeFromBoxedFunctor(
                                                               std::make_unique<Differentiate>(op, name_space))));
}

void register_out_autograd(torch::Library& library, const std::string& overload) {
  library.impl(overload.c_str(), torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction::makeFromBoxedFunctor(
                                                                                 std::make_unique<RefuseOut>())));
}

}  // namespace gems::aten
