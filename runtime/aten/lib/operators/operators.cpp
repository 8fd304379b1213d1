// Registers the catalogue with PyTorch's dispatcher when the library is loaded: schemas made from the op definitions,
// one boxed kernel for CPU and CUDA, one for fake tensors.
#include "operators/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/library.h>

#include "first_call/refusal_text.h"
#include "gems/aten/dtype.h"
#include "gems/aten/serve.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "gems/ops/catalogue.h"
#include "operators/meta.h"
#include "operators/rotary_embedding.h"
#include "operators/undifferentiable.h"
#include "torch/parallel.h"
#include "torch/profiler_ranges.h"

namespace gems::aten {
namespace {

std::string operand_schema(const OperandDef& operand) {
  switch (operand.kind) {
    case OperandKind::Tensor:
      return fmt::format("Tensor {}", operand.name);
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

FlagValue flag_of(const c10::IValue& value) {
  if (value.isBool()) return value.toBool();
  if (value.isInt()) return value.toInt();
  if (value.isString()) return std::string_view(value.toStringRef());
  return {};
}

// The arguments on the stack, of which `behind` values are on top of them, as a request sees them.
class StackArguments {
 public:
  StackArguments(const OpDef& op, const torch::jit::Stack& stack, std::size_t behind = 0) {
    const std::size_t count = op.operands.size();
    for (std::size_t i = 0; i < count; ++i) {
      const c10::IValue& value = stack[stack.size() - behind - count + i];
      switch (op.operands[i].kind) {
        case OperandKind::Tensor:
          arguments_[i] = CallArgument(value.toTensor());
          break;
        case OperandKind::Scalar:
          scalars_[i] = value.toScalar();
          arguments_[i] = CallArgument(scalars_[i]);
          break;
        case OperandKind::Flag:
          arguments_[i] = CallArgument(flag_of(value));
          break;
      }
    }
    count_ = count;
  }
  StackArguments(const StackArguments&) = delete;
  std::span<const CallArgument> get() const { return {arguments_.data(), count_}; }

 private:
  std::array<at::Scalar, MaxOperands> scalars_;
  std::array<CallArgument, MaxOperands> arguments_;
  std::size_t count_ = 0;
};

void give_back(const OpDef& op, torch::jit::Stack& stack, std::span<at::Tensor> results) {
  torch::jit::drop(stack, op.operands.size());
  for (at::Tensor& result : results) stack.emplace_back(std::move(result));
}

CallRules rules_of(const OpDef& op) { return {.layout_leader = incoming_gradient(op)}; }

class Compute final : public c10::OperatorKernel {
 public:
  explicit Compute(const OpDef& op)
      : op_(op), rules_(rules_of(op)), counts_(operator_counts(fmt::format("gems::{}", op.name))) {}

  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) const {
    std::array<at::Tensor, MaxResults> storage;
    const std::span results(storage.data(), op_.result_count());
    {
      const StackArguments arguments(op_, *stack);
      serve_or_throw({.op = &op_, .arguments = arguments.get(), .results = results, .rules = rules_, .raise = true},
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
  explicit ComputeInto(const OpDef& op) : op_(op), counts_(operator_counts(fmt::format("gems::{}.out", op.name))) {}

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
      serve_or_throw({.op = &op_, .arguments = arguments.get(), .results = results, .raise = true}, counts_);
    }
    torch::jit::drop(*stack, op_.operands.size() + results.size());
  }

 private:
  const OpDef& op_;
  CallCounts& counts_;
};

// The same for tensors without memory: nothing to do.
class InferInto final : public c10::OperatorKernel {
 public:
  explicit InferInto(const OpDef& op) : count_(op.operands.size() + op.result_count()) {}

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
      infer_results({.op = &op_, .arguments = arguments.get(), .results = results, .rules = rules_});
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
  return operands;
}

}  // namespace

void serve_or_throw(Request request, CallCounts& counts) {
  request.compiles = &counts.compiles;
  request.compile_us = &counts.compile_us;
  std::optional<DeclineReason> reason;
  try {
    reason = serve(request);
  } catch (const Error& error) {
    counts.add(DeclineReason::Error);
    TORCH_CHECK(false, error.what());
  } catch (...) {
    counts.add(DeclineReason::Error);
    throw;
  }
  counts.add(reason);
  TORCH_CHECK(!reason, refusal_text(request, *reason));
}

std::string schema_of(const OpDef& op) {
  const std::vector<std::string> types(op.result_count(), "Tensor");
  const std::string results = types.size() == 1 ? types[0] : fmt::format("({})", fmt::join(types, ", "));
  return fmt::format("{}({}) -> {}", op.name, operands_schema(op), results);
}

std::string out_schema_of(const OpDef& op) {
  std::string outs;
  for (std::size_t r = 0; r < op.result_count(); ++r)
    outs +=
        fmt::format(", Tensor({}!) out{}", static_cast<char>('a' + r), op.result_count() == 1 ? "" : std::to_string(r));
  return fmt::format("{}.out({}, *{}) -> ()", op.name, operands_schema(op), outs);
}

namespace {

template <class Kernel>
torch::CppFunction boxed(const OpDef& op) {
  return torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Kernel>(op));
}

template <class Kernel>
torch::CppFunction boxed(const OpDef& op, c10::DispatchKey key) {
  return torch::dispatch(key, boxed<Kernel>(op));
}

}  // namespace

void register_operator(torch::Library& library, const OpDef& op) {
  const std::string name(op.name);
  library.def(schema_of(op).c_str(), {at::Tag::pt2_compliant_tag});
  library.impl(name.c_str(), boxed<Compute>(op, c10::DispatchKey::CPU));
  library.impl(name.c_str(), boxed<Compute>(op, c10::DispatchKey::CUDA));
  library.impl(name.c_str(), boxed<Infer>(op, c10::DispatchKey::Meta));
  const std::string into = name + ".out";
  library.def(out_schema_of(op).c_str(), {at::Tag::pt2_compliant_tag});
  library.impl(into.c_str(), boxed<ComputeInto>(op, c10::DispatchKey::CPU));
  library.impl(into.c_str(), boxed<ComputeInto>(op, c10::DispatchKey::CUDA));
  library.impl(into.c_str(), boxed<InferInto>(op, c10::DispatchKey::Meta));
  register_undifferentiable(library, op);
}

TORCH_LIBRARY(gems, library) {
  use_torch_threads();
  use_torch_profiler();
  for (const OpDef* op : ops::catalogue().all()) register_operator(library, *op);
  register_gradients(library);
  register_rotary_embedding(library);
}

}  // namespace gems::aten
