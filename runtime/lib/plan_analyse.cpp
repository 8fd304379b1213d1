// From a request to its layout, variant key and plan. See plan_data.h.
#include <fmt/format.h>

#include "gems/compiler/cuda.h"
#include "gems/dsl/error.h"
#include "plan_data.h"

namespace gems {
namespace {

std::string_view kind_name(CallOperand::Kind kind) {
  switch (kind) {
    case CallOperand::Kind::Tensor:
      return "a tensor";
    case CallOperand::Kind::ZeroDim:
      return "a 0-dim tensor";
    case CallOperand::Kind::Number:
      return "a number";
    case CallOperand::Kind::Flag:
      break;
  }
  return "a flag";
}

bool is_in_memory(const Argument& argument) {
  return argument.kind == CallOperand::Kind::Tensor ||
         (argument.kind == CallOperand::Kind::ZeroDim && argument.in_memory);
}

void check_argument(const OpDef& op, std::size_t position, const Argument& argument) {
  const OperandDef& operand = op.operands[position];
  const auto refuse = [&](std::string_view expected) {
    throw Error(fmt::format("{}: operand '{}' (position {}) is {}, expected {}", op.name, operand.name, position,
                            kind_name(argument.kind), expected));
  };
  const bool is_flag = argument.kind == CallOperand::Kind::Flag;
  switch (operand.kind) {
    case OperandKind::Flag:
      if (!is_flag) refuse("a flag: a bool, an integer or a short text");
      break;
    case OperandKind::Scalar:
      if (is_flag || is_in_memory(argument)) refuse("a number; read the element first and pass its value");
      break;
    case OperandKind::Tensor:
      if (is_flag) refuse("a tensor or a number");
      break;
  }
}

void check_request(const PlanRequest& request) {
  if (!request.op) throw Error("a plan was requested without an op; set PlanRequest::op");
  const OpDef& op = *request.op;
  if (request.operands.size() != op.operands.size())
    throw Error(
        fmt::format("{}: {} operands were given, expected {}", op.name, request.operands.size(), op.operands.size()));
  if (request.results.size() != op.result_count())
    throw Error(
        fmt::format("{}: {} results were given, expected {}", op.name, request.results.size(), op.result_count()));
  for (std::size_t i = 0; i < request.operands.size(); ++i) check_argument(op, i, request.operands[i]);
}

// The request's tensors, named.
struct Tensors {
  std::array<NamedTensor, MaxOperands> operands;
  std::size_t operand_count = 0;
  std::array<NamedTensor, MaxResults> results;
  std::size_t result_count = 0;

  explicit Tensors(const PlanRequest& request) {
    for (std::size_t i = 0; i < request.operands.size(); ++i)
      if (is_in_memory(request.operands[i]))
        operands[operand_count++] = {request.op->operands[i].name, request.operands[i].tensor};
    constexpr std::array<std::string_view, MaxResults> names{"out0", "out1", "out2", "out3"};
    for (const TensorView& result : request.results) {
      results[result_count] = {request.results.size() == 1 ? std::string_view("out") : names[result_count], result};
      ++result_count;
    }
  }
  std::span<const NamedTensor> operand_span() const { return {operands.data(), operand_count}; }
  std::span<const NamedTensor> result_span() const { return {results.data(), result_count}; }
  const TensorView& at(std::size_t i) const {
    return i < operand_count ? operands[i].view : results[i - operand_count].view;
  }
};

void set_cpu_geometry(Plan& plan, const Geometry& geometry, const Tensors& tensors) {
  const auto rank = static_cast<std::size_t>(geometry.rank);
  plan.sizes.assign(geometry.sizes.begin(), geometry.sizes.begin() + geometry.rank);
  plan.strides_bytes.resize(rank * plan.tensor_count);
  for (std::size_t d = 0; d < rank; ++d)
    for (std::size_t t = 0; t < plan.tensor_count; ++t)
      plan.strides_bytes[d * plan.tensor_count + t] =
          geometry.strides[t][d] * static_cast<std::int64_t>(size_bytes(tensors.at(t).dtype));
}

void set_cuda_geometry(Plan& plan, const Geometry& geometry) {
  const Layout& layout = std::get<Layout>(plan.variant->layout);
  const LaunchGeometry launch = launch_geometry(plan.variant->schedule, layout, geometry);
  plan.grid = {.grid_x = launch.grid_x, .block_x = launch.block_x, .block_y = launch.block_y};
  plan.geometry.assign(launch.parameter.begin(),
                       launch.parameter.begin() + static_cast<std::ptrdiff_t>(launch.parameter_bytes));
}

}  // namespace

Analysis analyse(const PlanRequest& request) {
  check_request(request);
  const Tensors tensors(request);
  const std::string_view op = request.op->name;
  Analysis analysis;
  analysis.space = iteration_space(op, tensors.operand_span(), tensors.result_span());
  Plan& plan = analysis.plan;
  plan.tensor_count = tensors.operand_count + tensors.result_count;
  for (const Argument& argument : request.operands)
    plan.number_count += argument.kind != CallOperand::Kind::Flag && !is_in_memory(argument);
  plan.element_count = analysis.space.element_count;
  if (plan.element_count == 0) return analysis;
  if (request.device.kind == Device::Kind::Cpu) {
    analysis.layout = cpu_layout(op, analysis.space, tensors.operand_span(), tensors.result_span());
    set_cpu_geometry(plan, analysis.space.geometry, tensors);
  } else {
    CudaSpace space = cuda_space(op, analysis.space, tensors.operand_span(), tensors.result_span());
    analysis.layout = space.layout;
    analysis.space.geometry = space.geometry;
  }
  analysis.key = variant_key(request, analysis.layout);
  return analysis;
}

Plan finished_plan(Analysis& analysis, const PlanRequest& request) {
  Plan plan = std::move(analysis.plan);
  if (plan.element_count == 0) return plan;
  plan.variant = &find_or_make_variant(analysis.key, request, analysis.layout);
  if (request.device.kind == Device::Kind::Cuda) set_cuda_geometry(plan, analysis.space.geometry);
  return plan;
}

}  // namespace gems
