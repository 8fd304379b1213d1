// Makes a variant: trace, compile or take from the disk cache, load, say so. See variant.h.
#include <fmt/format.h>

#include <chrono>

#include "compiled_kernel.h"
#include "gems/dsl/error.h"
#include "gems/runtime/device.h"
#include "gems/runtime/settings.h"
#include "log.h"
#include "variant.h"

namespace gems {
namespace {

using Clock = std::chrono::steady_clock;

CallOperand call_operand(const Argument& argument) {
  CallOperand operand{.kind = argument.kind};
  switch (argument.kind) {
    case CallOperand::Kind::Tensor:
      operand.dtype = argument.tensor.dtype;
      break;
    case CallOperand::Kind::ZeroDim:
      operand.in_memory = argument.in_memory;
      operand.dtype = argument.in_memory ? argument.tensor.dtype : argument.number_dtype;
      break;
    case CallOperand::Kind::Number:
      operand.dtype = argument.number.dtype;
      break;
    case CallOperand::Kind::Flag:
      operand.flag = argument.flag;
      break;
  }
  return operand;
}

TraceGraph trace_request(const PlanRequest& request) {
  std::vector<CallOperand> operands;
  for (const Argument& argument : request.operands) operands.push_back(call_operand(argument));
  std::vector<DType> results;
  for (const TensorView& result : request.results) results.push_back(result.dtype);
  return trace(*request.op, operands, results, request.default_dtype);
}

// Where each operand of the trace is found in a launch.
std::vector<Parameter> parameters_of(const TraceGraph& graph, const PlanRequest& request, Variant& variant) {
  std::vector<Parameter> parameters;
  std::size_t next = 0;
  for (std::size_t position = 0; position < request.operands.size(); ++position) {
    const Argument& argument = request.operands[position];
    if (argument.kind == CallOperand::Kind::Flag) continue;
    const bool in_memory = argument.kind == CallOperand::Kind::Tensor ||
                           (argument.kind == CallOperand::Kind::ZeroDim && argument.in_memory);
    const OperandForm form = in_memory ? OperandForm::Tensor : OperandForm::Number;
    if (next == graph.operands.size() || graph.operands[next].position != static_cast<std::int32_t>(position) ||
        graph.operands[next].form != form)
      throw Error(
          fmt::format("{}: the trace and the call disagree on operand '{}' (position {}); this is a mistake in "
                      "gems, please report it with the op's definition",
                      request.op->name, request.op->operands[position].name, position));
    std::size_t& count = in_memory ? variant.operand_tensors : variant.numbers;
    parameters.push_back(
        {.form = form, .index = static_cast<std::uint8_t>(count++), .compute = graph.operands[next].compute});
    ++next;
  }
  variant.results = request.results.size();
  return parameters;
}

CompiledKernel compiled(const TraceGraph& graph, const KernelLayout& layout, const Device& device) {
  if (device.kind == Device::Kind::Cpu) return compiled_cpu(graph, std::get<CpuLayout>(layout), process_cache());
  return compiled_cuda(graph, std::get<Layout>(layout), cuda_target(device.index), process_cache());
}

// Empty when it worked, else why not.
std::string load(const CompiledKernel& kernel, const Device& device, Variant& variant) {
  if (device.kind == Device::Kind::Cuda) {
    driver::LoadedKernel loaded = driver::load_kernel(device.index, kernel.binary, kernel.name);
    variant.cuda = loaded.kernel;
    return loaded.problem;
  }
  try {
    variant.cpu = load_cpu({.name = kernel.name, .bytes = kernel.binary});
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

void log_variant(const TraceGraph& graph, const Variant& variant, const CompiledKernel& kernel, const Device& device,
                 Clock::time_point start) {
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  const std::string target = device.kind == Device::Kind::Cpu ? "cpu" : fmt::format("sm_{}", cuda_arch(device.index));
  log_line(fmt::format("{} {} {} {} {}: {} in {:.1f} ms, key {}", graph.op, kernel.name, target, dtypes_text(graph),
                       std::visit([](const auto& layout) { return to_string(layout); }, variant.layout),
                       kernel.from_disk ? "hit" : "miss, compiled", ms, cache_key(kernel.key_text).substr(0, 16)));
}

}  // namespace

Variant build_variant(const PlanRequest& request, const KernelLayout& layout) {
  const auto start = Clock::now();
  const TraceGraph graph = trace_request(request);
  Variant variant;
  variant.layout = layout;
  variant.parameters = parameters_of(graph, request, variant);
  CompiledKernel kernel = compiled(graph, layout, request.device);
  std::string problem = load(kernel, request.device, variant);
  if (!problem.empty() && kernel.from_disk) {
    process_cache().evict(kernel.key_text);
    kernel = compiled(graph, layout, request.device);
    problem = load(kernel, request.device, variant);
  }
  if (!problem.empty())
    throw Error(fmt::format("{}: the kernel {} was compiled but cannot be loaded: {} (cache key {} in {})",
                            request.op->name, kernel.name, problem, cache_key(kernel.key_text),
                            process_cache().is_open() ? settings().cache_dir : "no directory"));
  variant.name = kernel.name;
  variant.schedule = kernel.schedule;
  if (settings().log) log_variant(graph, variant, kernel, request.device, start);
  return variant;
}

}  // namespace gems
