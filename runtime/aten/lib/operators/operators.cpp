// Registers the catalogue with PyTorch's dispatcher when the library is loaded: schemas made from the op definitions,
// one boxed kernel for CPU and CUDA, one for fake tensors.
#include "operators/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/library.h>

#include <map>
#include <memory>
#include <mutex>

#include "gems/aten/dtype.h"
#include "gems/aten/serve.h"
#include "gems/dsl/trace.h"
#include "gems/ops/catalogue.h"
#include "gems/ops/gradients.h"
#include "operators/autograd.h"
#include "operators/batching.h"
#include "operators/derived_operators.h"
#include "operators/meta.h"
#include "operators/single/adam_steps.h"
#include "operators/single/cross_entropy.h"
#include "operators/single/linear_act.h"
#include "operators/single/linear_gate.h"
#include "operators/single/packed_gate.h"
#include "operators/single/rotary_embedding.h"
#include "operators/stack_arguments.h"
#include "serve/serve_or_throw.h"
#include "torch/parallel.h"
#include "torch/profiler_ranges.h"

namespace gems::aten {
namespace {

std::string operand_schema(const OperandDef& operand) {
  switch (operand.kind) {
    case OperandKind::Tensor:
    case OperandKind::Row:
    case OperandKind::Column:
      return fmt::format("Tensor{} {}", operand.is_optional ? "?" : "", operand.name);
    case OperandKind::Scalar:
      return fmt::format("Scalar {}", operand.name);
    case OperandKind::Flag:
      break;
  }
  const FlagValue flag = operand.default_flag.value_or(FlagValue());
  switch (flag.kind) {
    case FlagValue::Kind::Bool:
      return fmt::format("bool {}={}", operand.name, flag.integer ? "True" : "False");
    case FlagValue::Kind::Int:
      return fmt::format("int {}={}", operand.name, flag.integer);
    case FlagValue::Kind::Text:
      return fmt::format("str {}=\"{}\"", operand.name, flag.text());
    case FlagValue::Kind::None:
      return fmt::format("str? {}=None", operand.name);
  }
  return {};
}

void give_back(const OpDef& op, torch::jit::Stack& stack, std::span<at::Tensor> results) {
  torch::jit::drop(stack, argument_count(op));
  for (at::Tensor& result : results) stack.emplace_back(std::move(result));
}

CallRules rules_of(const OpDef& op) { return {.layout_leader = static_cast<std::int8_t>(ops::incoming_gradient(op))}; }

class Compute final : public c10::OperatorKernel {
 public:
  Compute(const OpDef& op, const std::string& full_name)
      : op_(op), rules_(rules_of(op)), counts_(operator_counts(full_name)) {}

  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) const {
    std::array<at::Tensor, MaxResults> storage;
    const std::span results(storage.data(), op_.result_count());
    {
      const StackArguments arguments(op_, *stack);
      serve_or_throw({.op = &op_,
                      .arguments = arguments.get(),
                      .results = results,
                      .rows = arguments.rows(),
                      .rules = rules_,
                      .raise = true},
                     counts_);
    }
    give_back(op_, *stack, results);
  }

 private:
  const OpDef& op_;
  CallRules rules_;
  CallCounts& counts_;
};

// The overload that writes into given tensors, which are on top of the stack.
class ComputeInto final : public c10::OperatorKernel {
 public:
  ComputeInto(const OpDef& op, const std::string& full_name) : op_(op), counts_(operator_counts(full_name)) {}

  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) const {
    std::array<at::Tensor, MaxResults> storage;
    const std::span results(storage.data(), op_.result_count());
    for (std::size_t r = 0; r < results.size(); ++r) {
      results[r] = (*stack)[stack->size() - results.size() + r].toTensor();
      // Before anything is written: this raises for an inference tensor outside of inference mode.
      results[r].unsafeGetTensorImpl()->bump_version();
    }
    {
      const StackArguments arguments(op_, *stack, results.size());
      serve_or_throw(
          {.op = &op_, .arguments = arguments.get(), .results = results, .rows = arguments.rows(), .raise = true},
          counts_);
    }
    torch::jit::drop(*stack, argument_count(op_) + results.size());
  }

 private:
  const OpDef& op_;
  CallCounts& counts_;
};

// The same for tensors without memory: nothing to do.
class InferInto final : public c10::OperatorKernel {
 public:
  explicit InferInto(const OpDef& op) : count_(argument_count(op) + op.result_count()) {}

  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) const {
    torch::jit::drop(*stack, count_);
  }

 private:
  std::size_t count_;
};

class Infer final : public c10::OperatorKernel {
 public:
  explicit Infer(const OpDef& op) : op_(op), rules_(rules_of(op)) {}

  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) const {
    std::array<at::Tensor, MaxResults> storage;
    const std::span results(storage.data(), op_.result_count());
    {
      const StackArguments arguments(op_, *stack);
      infer_results(
          {.op = &op_, .arguments = arguments.get(), .results = results, .rows = arguments.rows(), .rules = rules_});
    }
    give_back(op_, *stack, results);
  }

 private:
  const OpDef& op_;
  CallRules rules_;
};

std::string operands_schema(const OpDef& op) {
  std::string operands;
  for (const OperandDef& operand : op.operands) operands += (operands.empty() ? "" : ", ") + operand_schema(operand);
  if (op.is_rowwise) operands += fmt::format(", {}", RowArgumentsSchema);
  return operands;
}

}  // namespace

std::string schema_of(const OpDef& op, const std::string& name) {
  const std::vector<std::string> types(op.result_count(), "Tensor");
  const std::string results = types.size() == 1 ? types[0] : fmt::format("({})", fmt::join(types, ", "));
  return fmt::format("{}({}) -> {}", name, operands_schema(op), results);
}

std::string out_schema_of(const OpDef& op) {
  std::string outs;
  for (std::size_t r = 0; r < op.result_count(); ++r)
    outs +=
        fmt::format(", Tensor({}!) out{}", static_cast<char>('a' + r), op.result_count() == 1 ? "" : std::to_string(r));
  return fmt::format("{}.out({}, *{}) -> ()", op.name, operands_schema(op), outs);
}

namespace {

template <class Kernel, class... Arguments>
torch::CppFunction boxed(c10::DispatchKey key, const Arguments&... arguments) {
  return torch::dispatch(key, torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Kernel>(arguments...)));
}

// What is registered: operators live as long as the process.
struct Registered {
  std::mutex mutex;
  std::map<std::string, const OpDef*> ops;
};
Registered& registered() {
  static auto* all = new Registered;
  return *all;
}

// The functional overload. Where an operator of that name exists, the dispatcher refuses.
void register_functional(torch::Library& library, const OpDef& op, const std::string& name) {
  const std::vector<at::Tag> tags = op.is_rowwise ? std::vector{at::Tag::pt2_compliant_tag}
                                                  : std::vector{at::Tag::pt2_compliant_tag, at::Tag::pointwise};
  library.def(schema_of(op, name).c_str(), tags);
  const c10::OperatorName full = library._resolve(name.c_str());
  library.impl(name.c_str(), boxed<Compute>(c10::DispatchKey::CPU, op, full.name));
  library.impl(name.c_str(), boxed<Compute>(c10::DispatchKey::CUDA, op, full.name));
  library.impl(name.c_str(), boxed<Infer>(c10::DispatchKey::Meta, op));
  register_batching(library, op, name);
  register_autograd(library, op, name, std::string(*full.getNamespace()));
  const std::lock_guard lock(registered().mutex);
  registered().ops.emplace(full.name, &op);
}

void register_into(torch::Library& library, const OpDef& op) {
  const std::string name(op.name);
  const std::string into = name + ".out";
  library.def(out_schema_of(op).c_str(), {at::Tag::pt2_compliant_tag});
  const std::string full_name = library._resolve(name.c_str()).name + ".out";
  library.impl(into.c_str(), boxed<ComputeInto>(c10::DispatchKey::CPU, op, full_name));
  library.impl(into.c_str(), boxed<ComputeInto>(c10::DispatchKey::CUDA, op, full_name));
  library.impl(into.c_str(), boxed<InferInto>(c10::DispatchKey::Meta, op));
  register_out_autograd(library, into);
}

std::string derived_name(const OpDef& op) { return "_" + std::string(op.name); }

// What is registered later than its namespace belongs to a fragment of it, which lives as long as the process.
torch::Library& fragment_of(const std::string& name_space) {
  static auto* fragments = new std::map<std::string, std::unique_ptr<torch::Library>>;
  std::unique_ptr<torch::Library>& library = (*fragments)[name_space];
  if (library == nullptr)
    library = std::make_unique<torch::Library>(torch::Library::FRAGMENT, name_space, std::nullopt, __FILE__, __LINE__);
  return *library;
}

}  // namespace

c10::OperatorHandle derived_operator(const OpDef& op, const std::string& name_space) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const c10::OperatorName name(name_space + "::" + derived_name(op), "");
  c10::Dispatcher& dispatcher = c10::Dispatcher::singleton();
  if (const auto known = dispatcher.findSchema(name)) return *known;
  register_functional(fragment_of(name_space), op, derived_name(op));
  return *dispatcher.findSchema(name);
}

void register_operator(torch::Library& library, const OpDef& op) {
  register_functional(library, op, std::string(op.name));
  register_into(library, op);
  for (const OpDef* gradient : gradient_ops(op)) register_functional(library, *gradient, derived_name(*gradient));
}

const OpDef* find_operator(const std::string& name) {
  const std::lock_guard lock(registered().mutex);
  const auto found = registered().ops.find(name);
  return found == registered().ops.end() ? nullptr : found->second;
}

std::vector<std::string> operator_names() {
  const std::lock_guard lock(registered().mutex);
  std::vector<std::string> names;
  for (const auto& [name, op] : registered().ops) names.push_back(name);
  return names;
}

std::vector<std::string> operators_called(std::string_view name) {
  const std::lock_guard lock(registered().mutex);
  std::vector<std::string> names;
  for (const auto& [full, op] : registered().ops)
    if (full.ends_with(name) && std::string_view(full).substr(0, full.size() - name.size()).ends_with("::"))
      names.push_back(full);
  return names;
}

TORCH_LIBRARY(gems, library) {
  use_torch_threads();
  use_torch_profiler();
  for (const Registry* catalogue : {&ops::catalogue(), &ops::rowwise_catalogue()})
    for (const OpDef* op : catalogue->all()) register_operator(library, *op);
  register_adam_steps(library);
  register_cross_entropy(library);
  register_linear_act(library);
  register_linear_gate(library);
  register_packed_gates(library);
  register_rotary_embedding(library);
}

}  // namespace gems::aten
