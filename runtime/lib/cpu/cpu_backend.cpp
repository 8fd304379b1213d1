// Layout, compile and load for the CPU. See cpu_backend.h.
#include "cpu/cpu_backend.h"

#include <fmt/format.h>

#include "cpu/cpu_plan.h"
#include "gems/compiler/cpu.h"
#include "gems/compiler/version.h"
#include "gems/dsl/error.h"
#include "space/kernel_layout.h"

namespace gems {
namespace {

KernelLayout layout(std::string_view op, IterationSpace& space, std::span<const NamedTensor> operands,
                    std::span<const NamedTensor> results) {
  return cpu_layout(op, space, operands, results);
}

KernelLayout row_layout(const TraceGraph& graph, IterationSpace& space, std::span<const NamedTensor> operands,
                        std::span<const NamedTensor> results, int) {
  return cpu_row_layout(graph, space, operands, results);
}

CompiledKernel compile(const TraceGraph& graph, const KernelLayout& layout, int, KernelCache& cache) {
  return compiled_cpu(graph, std::get<CpuLayout>(layout), cache);
}

LoadedKernel load(const CompiledKernel& kernel, int) {
  try {
    const CpuKernel function = load_cpu({.name = kernel.name, .bytes = kernel.binary});
    return {.kernel = {.function = reinterpret_cast<void*>(function)}, .problem = {}};
  } catch (const Error& error) {
    return {.kernel = {}, .problem = error.what()};
  }
}

}  // namespace

constinit const Backend cpu_backend{
    .layout = layout, .row_layout = row_layout, .compile = compile, .load = load, .plan = cpu_plan};

std::string cpu_key_text(const TraceGraph& graph, const CpuLayout& layout) {
  return fmt::format("target cpu {}\nllvm {}\n{}", cpu_target(), llvm_version(), common_key_text(graph, layout));
}

CompiledKernel compiled_cpu(const TraceGraph& graph, const CpuLayout& layout, KernelCache& cache) {
  return look_up_or_compile(graph, layout, "cpu", cpu_key_text(graph, layout), cache, [&](CacheEntry& entry) {
    CpuObject object = compile_cpu(graph, layout);
    entry.kernel = std::move(object.name);
    entry.binary = std::move(object.bytes);
    entry.source = to_string(graph);
  });
}

}  // namespace gems
