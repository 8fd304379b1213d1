// One call for all parameters, and on CUDA one launch for those of the same dtypes and step: what a call from Python
// and a launch cost is paid once.
#include "operators/single/adam_steps.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/Scalar.h>
#include <c10/util/SmallVector.h>
#include <torch/library.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "gems/aten/dtype.h"
#include "gems/aten/serve.h"
#include "gems/dsl/error.h"
#include "gems/ops/fused.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/list_plan.h"
#include "geometry/call_operand.h"
#include "geometry/plain_tensor.h"
#include "serve/serve_or_throw.h"
#include "torch/named_tensors.h"
#include "torch/stream.h"

namespace gems::aten {
namespace {

CallCounts& counts() {
  static CallCounts& made = operator_counts("gems::_adam_steps_");
  return made;
}

void check(std::size_t count, std::size_t expected, const char* name) {
  TORCH_CHECK(count == expected, "op '_adam_steps_': operand '", name, "' has ", count, " elements, expected ",
              expected, ", one for each of 'params'");
}

// What all parameters of a call share.
struct Options {
  double lr, beta1, beta2, eps, weight_decay;
  bool decoupled;

  // The operands of adam_step that are numbers, in order.
  static constexpr std::size_t NumberCount = 7;
  std::array<double, NumberCount> numbers(double step) const {
    return {lr, beta1, beta2, eps, weight_decay, 1 - std::pow(beta1, step), 1 - std::pow(beta2, step)};
  }
};

// Parameter, gradient, mean, mean of squares.
constexpr std::size_t OperandCount = 4;
constexpr std::array<std::size_t, 3> ChangedOperands{0, 2, 3};
using Operands = std::array<const at::Tensor*, OperandCount>;

void bump_versions(const Operands& operands) {
  for (const std::size_t changed : ChangedOperands)
    if (!operands[changed]->is_inference()) operands[changed]->unsafeGetTensorImpl()->bump_version();
}

void adam_step(const Operands& operands, double step, const Options& options) {
  const auto values = options.numbers(step);
  std::array<at::Scalar, Options::NumberCount> numbers;
  std::array<CallArgument, OperandCount + numbers.size() + 1> arguments;
  std::size_t next = 0;
  for (const at::Tensor* tensor : operands) arguments[next++] = CallArgument(*tensor);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = values[i];
    arguments[next++] = CallArgument(numbers[i]);
  }
  arguments[next] = CallArgument(FlagValue(options.decoupled));
  std::array<at::Tensor, ChangedOperands.size()> results;
  for (std::size_t r = 0; r < results.size(); ++r) results[r] = *operands[ChangedOperands[r]];
  serve_or_throw({.op = &ops::adam_step_op, .arguments = arguments, .results = results, .raise = true}, counts());
  bump_versions(operands);
}

// Parameters that one launch may take.
struct Group {
  at::Device device;
  std::array<DType, OperandCount> dtypes;
  double step;
  std::vector<std::size_t> members{};
  // As launch() of a list takes them.
  std::vector<void*> tensors{};
  std::vector<std::int64_t> counts{};

  bool is_of(const Group& other) const {
    return device == other.device && dtypes == other.dtypes && step == other.step;
  }
};

// Whether they are plain floats on one CPU or CUDA device.
bool fits(const Operands& operands) {
  const at::Device device = operands[0]->device();
  if (!device.is_cpu() && !device.is_cuda()) return false;
  std::uint64_t keys = 0;
  bool any_named = false;
  for (const at::Tensor* operand : operands) {
    const at::TensorImpl& tensor = *operand->unsafeGetTensorImpl();
    const auto dtype = to_dtype(tensor.dtype().toScalarType());
    if (!dtype || category(*dtype) != Category::Float || tensor.device() != device) return false;
    keys |= tensor.key_set().raw_repr();
    any_named |= is_named(tensor);
  }
  return !refuse_kinds(keys, any_named);
}

bool fits_step(const at::Tensor& step) {
  return step.is_cpu() && step.layout() == at::kStrided && step.numel() == 1 &&
         (step.scalar_type() == at::kFloat || step.scalar_type() == at::kDouble);
}

// The next number of a step.
double advance(const at::Tensor& step) {
  if (!step.is_inference()) step.unsafeGetTensorImpl()->bump_version();
  return step.scalar_type() == at::kFloat ? *step.mutable_data_ptr<float>() += 1
                                          : *step.mutable_data_ptr<double>() += 1;
}

// The group that operands belong to, without members; nothing unless they are CUDA tensors of one dense layout.
std::optional<Group> group_of(const Operands& operands, double step) {
  const at::TensorImpl& first = *operands[0]->unsafeGetTensorImpl();
  if (!first.is_cuda() || !first.is_non_overlapping_and_dense()) return std::nullopt;
  Group group{.device = first.device(), .dtypes = {}, .step = step};
  for (std::size_t i = 0; i < OperandCount; ++i) {
    const at::TensorImpl& tensor = *operands[i]->unsafeGetTensorImpl();
    if (tensor.sizes() != first.sizes() || tensor.strides() != first.strides()) return std::nullopt;
    group.dtypes[i] = *to_dtype(tensor.dtype().toScalarType());
  }
  return group;
}

Signature signature_of(const Group& group, bool decoupled) {
  Signature signature;
  signature.op = &ops::adam_step_op;
  signature.default_dtype = *to_dtype(c10::get_default_dtype_as_scalartype());
  for (const DType dtype : group.dtypes) signature.operands.push_back(tensor_operand(dtype, 1));
  for (std::size_t number = 0; number < Options::NumberCount; ++number)
    signature.operands.push_back(number_operand(DType::F64));
  CallOperand flag = flag_operand(FlagValue(decoupled));
  flag.in_memory = false;
  signature.operands.push_back(flag);
  for (const std::size_t changed : ChangedOperands) signature.results.push_back(group.dtypes[changed]);
  return signature;
}

// False where the kernel is not there yet and may not be loaded, because the stream captures.
bool launch_group(const Group& group, const Options& options) {
  const Device device{Device::Kind::Cuda, group.device.index()};
  const Signature signature = signature_of(group, options.decoupled);
  std::optional<ListPlan> plan = find_list_plan(signature, device);
  if (!plan) {
    if (is_capturing(group.device)) return false;
    take_thread_compiles();
    plan = make_list_plan(signature, device);
    const CompileSpan made = take_thread_compiles();
    counts().compiles.fetch_add(made.compiles, std::memory_order_relaxed);
    counts().compile_us.fetch_add(made.us, std::memory_order_relaxed);
  }
  const auto values = options.numbers(group.step);
  std::array<NumberValue, Options::NumberCount> numbers;
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = {DType::F64, 0, values[i]};
  launch(*plan, group.tensors, group.counts, numbers, current_stream(group.device));
  return true;
}

void add_member(Group& group, std::size_t index, const Operands& operands) {
  group.members.push_back(index);
  const std::int64_t count = operands[0]->numel();
  if (count == 0) return;
  std::array<void*, OperandCount> addresses;
  for (const std::size_t changed : ChangedOperands) addresses[changed] = operands[changed]->mutable_data_ptr();
  addresses[1] = const_cast<void*>(operands[1]->const_data_ptr());
  group.tensors.insert(group.tensors.end(), addresses.begin(), addresses.end());
  for (const std::size_t changed : ChangedOperands) group.tensors.push_back(addresses[changed]);
  group.counts.push_back(count);
}

// The lists as they are on the stack: as at::TensorLists each would be a copy.
struct Lists {
  std::array<c10::ArrayRef<c10::IValue>, OperandCount> operands;
  c10::ArrayRef<c10::IValue> steps;

  std::size_t size() const { return operands[0].size(); }
  Operands at(std::size_t index) const {
    Operands found;
    for (std::size_t i = 0; i < OperandCount; ++i) found[i] = &operands[i][index].toTensor();
    return found;
  }
  const at::Tensor& step(std::size_t index) const { return steps[index].toTensor(); }
};

// False, and nothing is changed, unless all tensors fit.
bool adam_steps(const Lists& lists, const Options& options) {
  for (std::size_t i = 0; i < lists.size(); ++i)
    if (!fits(lists.at(i)) || !fits_step(lists.step(i))) return false;
  std::vector<Group> groups;
  std::size_t last = 0;  // parameters of one group mostly come one after the other
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const Operands operands = lists.at(i);
    const double step = advance(lists.step(i));
    const std::optional<Group> group = group_of(operands, step);
    if (!group || !has_lists({Device::Kind::Cuda, group->device.index()})) {
      adam_step(operands, step, options);
      continue;
    }
    if (last == groups.size() || !groups[last].is_of(*group)) {
      for (last = 0; last < groups.size() && !groups[last].is_of(*group);) ++last;
      if (last == groups.size()) groups.push_back(*group);
    }
    add_member(groups[last], i, operands);
  }
  for (const Group& group : groups) {
    bool launched = false;
    try {
      launched = launch_group(group, options);
    } catch (const Error& error) {
      counts().add(DeclineReason::Error);
      TORCH_CHECK(false, error.what());
    }
    for (const std::size_t i : group.members) {
      if (!launched) {
        adam_step(lists.at(i), group.step, options);
        continue;
      }
      counts().add(std::nullopt);
      bump_versions(lists.at(i));
    }
  }
  return true;
}

void adam_steps_of_stack(const c10::OperatorHandle&, torch::jit::Stack* stack) {
  constexpr std::size_t count = 11;
  const auto arguments = torch::jit::last(*stack, count);
  Lists lists;
  for (std::size_t i = 0; i < OperandCount; ++i) lists.operands[i] = arguments[i].toListRef();
  lists.steps = arguments[4].toListRef();
  check(lists.operands[1].size(), lists.size(), "grads");
  check(lists.operands[2].size(), lists.size(), "exp_avgs");
  check(lists.operands[3].size(), lists.size(), "exp_avg_sqs");
  check(lists.steps.size(), lists.size(), "steps");
  const bool is_done = adam_steps(lists, {.lr = arguments[5].toDouble(),
                                          .beta1 = arguments[6].toDouble(),
                                          .beta2 = arguments[7].toDouble(),
                                          .eps = arguments[8].toDouble(),
                                          .weight_decay = arguments[9].toDouble(),
                                          .decoupled = arguments[10].toBool()});
  torch::jit::drop(*stack, count);
  torch::jit::push(*stack, is_done);
}

}  // namespace

void register_adam_steps(torch::Library& library) {
  counts();  // so that the report knows the operator before its first call
  library.def(
      "_adam_steps_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] exp_avgs, Tensor(c!)[] exp_avg_sqs, "
      "Tensor(d!)[] steps, float lr, float beta1, float beta2, float eps, float weight_decay, bool decoupled) -> bool");
  // Whatever the tensors are, it is the kernel that looks. PyTorch's own for autograd would look at each before.
  library.impl("_adam_steps_", torch::dispatch(c10::DispatchKey::CompositeExplicitAutograd,
                                               torch::CppFunction::makeFromBoxedFunction<&adam_steps_of_stack>()));
  library.impl("_adam_steps_", torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction::makeFallthrough()));
}

}  // namespace gems::aten
