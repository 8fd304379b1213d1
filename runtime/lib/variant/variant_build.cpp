// Makes a variant: trace, compile or take from the disk cache, load, say so.
#include "variant/variant_build.h"

#include <fmt/format.h>

#include <chrono>

#include "gems/dsl/error.h"
#include "gems/runtime/settings.h"
#include "process/log.h"
#include "process/range.h"
#include "variant/variant.h"

namespace gems {
namespace {

using Clock = std::chrono::steady_clock;

// Where each operand of the trace is found in a launch.
std::vector<KernelParameter> parameters_of(const TraceGraph& graph, const Signature& signature, Variant& variant) {
  std::vector<KernelParameter> parameters;
  std::size_t next = 0;
  for (std::size_t position = 0; position < signature.operands.size(); ++position) {
    const CallOperand& operand = signature.operands[position];
    if (operand.kind == CallOperand::Kind::Flag || operand.kind == CallOperand::Kind::Absent) continue;
    const bool in_memory = operand.is_in_memory();
    const OperandForm form = in_memory ? OperandForm::Tensor : OperandForm::Number;
    if (next == graph.operands.size() || graph.operands[next].position != static_cast<std::int32_t>(position) ||
        graph.operands[next].form != form)
      throw Error(
          fmt::format("{}: the trace and the call disagree on operand '{}' (position {}); this is a mistake in "
                      "gems, please report it with the op's definition and the call: {}",
                      graph.op, signature.op->operands[position].name, position, to_string(signature)));
    std::size_t& count = in_memory ? variant.operand_tensors : variant.numbers;
    parameters.push_back(
        {.form = form, .index = static_cast<std::uint8_t>(count++), .compute = graph.operands[next].compute});
    ++next;
  }
  variant.results = signature.results.size();
  return parameters;
}

void log_variant(const TraceGraph& graph, const Variant& variant, const CompiledKernel& kernel,
                 Clock::time_point start) {
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  const LogLevel level = kernel.from_disk ? LogLevel::Debug : LogLevel::Info;
  log_line(level,
           fmt::format("{} {} {}, {}, {}: {} in {:.1f} ms, key {}", graph.op, kernel.name, kernel.target,
                       dtypes_text(graph), to_string(variant.layout), kernel.from_disk ? "hit" : "miss, compiled", ms,
                       cache_key(kernel.key_text).substr(0, 16)));
}

}  // namespace

Variant build_variant(const VariantKey& key) {
  const auto start = Clock::now();
  const TraceGraph graph = trace(key.signature);
  Variant variant;
  variant.layout = key.layout;
  variant.parameters = parameters_of(graph, key.signature, variant);

  const Backend& backend = backend_of(key.device);
  const int device = key.device.index;
  CompiledKernel kernel = backend.compile(graph, key.layout, device, process_cache());
  const auto load = [&] {
    const Range range([&] { return "gems::load " + kernel.name; });
    return backend.load(kernel, device);
  };
  LoadedKernel loaded = load();
  if (!loaded.problem.empty() && kernel.from_disk) {
    process_cache().evict(kernel.key_text);
    kernel = backend.compile(graph, key.layout, device, process_cache());
    loaded = load();
  }
  if (!loaded.problem.empty())
    throw Error(fmt::format("{}: the kernel {} was compiled but cannot be loaded: {} (cache key {} in {})", graph.op,
                            kernel.name, loaded.problem, cache_key(kernel.key_text),
                            process_cache().is_open() ? settings().cache_dir : "no directory"));
  variant.name = kernel.name;
  variant.schedule = kernel.schedule;
  variant.kernel = loaded.kernel;
  if (is_log_heard()) log_variant(graph, variant, kernel, start);
  return variant;
}

}  // namespace gems
