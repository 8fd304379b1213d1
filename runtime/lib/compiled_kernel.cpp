// Disk cache first, then the compiler. See compiled_kernel.h.
#include "compiled_kernel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <ctime>

#include "counting.h"
#include "gems/compiler/cpu.h"
#include "gems/compiler/cuda.h"
#include "gems/compiler/stages.h"
#include "gems/dsl/error.h"
#include "gems/runtime/nvrtc.h"
#include "gems/runtime/settings.h"

namespace gems {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t us_since(Clock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
}

template <class AnyLayout>
std::string common_key_text(const TraceGraph& graph, const AnyLayout& layout) {
  return fmt::format("format {}\ngenerator {}\nlayout {}\n{}", CacheFormat, generator_version(), to_string(layout),
                     to_string(graph));
}

// Where kernels must be shipped: what is missing, where it was looked for, and what puts it there.
void forbid_compile(const TraceGraph& graph, const std::string& target, const std::string& key_text) {
  const Settings& s = settings();
  if (!s.jit_disabled) return;
  std::vector<std::string> dirs = s.cache_layers;
  if (!s.cache_dir.empty()) dirs.insert(dirs.begin(), s.cache_dir);
  throw Error(fmt::format(
      "{}: no kernel for {} on {} is in the cache, and GEMS_DISABLE_JIT=1 forbids to compile it (key {} in "
      "{}). Make the same call once with GEMS_DISABLE_JIT=0 GEMS_CACHE_DIR=DIR, with the same gems and NVRTC, "
      "and name DIR in GEMS_CACHE_PATH; or unset GEMS_DISABLE_JIT",
      graph.op, dtypes_text(graph), target, cache_key(key_text), fmt::join(dirs, ":")));
}

CompiledKernel from_entry(CacheEntry&& entry, const Schedule& schedule = {}) {
  return {.name = std::move(entry.kernel),
          .binary = std::move(entry.binary),
          .key_text = std::move(entry.key_text),
          .schedule = schedule,
          .from_disk = true};
}

// What both kinds of entry have in common.
template <class AnyLayout>
CacheEntry entry_of(const TraceGraph& graph, const AnyLayout& layout, const CompiledKernel& kernel) {
  CacheEntry entry;
  entry.key_text = kernel.key_text;
  entry.op = graph.op;
  entry.kernel = kernel.name;
  entry.dtypes = dtypes_text(graph);
  entry.layout = to_string(layout);
  entry.compile_us = kernel.compile_us;
  entry.created_s = ::time(nullptr);
  entry.binary = kernel.binary;
  return entry;
}

}  // namespace

std::string dtypes_text(const TraceGraph& graph) {
  std::string text;
  for (const TraceOperand& operand : graph.operands)
    text += fmt::format("{}{} ", operand.form == OperandForm::Number ? "number:" : "", name(operand.storage));
  text += "->";
  for (const TraceResult& result : graph.results) text += fmt::format(" {}", name(result.dtype));
  return text;
}

std::string cuda_key_text(const TraceGraph& graph, const Layout& layout, const Schedule& schedule, CudaTarget target) {
  return fmt::format("target sm_{}\nnvrtc {}\noptions {}\nschedule {}\n{}", target.arch, nvrtc_build(),
                     fmt::join(nvrtc_options(), " "), to_string(schedule), common_key_text(graph, layout));
}

std::string cpu_key_text(const TraceGraph& graph, const CpuLayout& layout) {
  return fmt::format("target cpu {}\nllvm {}\n{}", cpu_target(), llvm_version(), common_key_text(graph, layout));
}

CompiledKernel compiled_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target, KernelCache& cache) {
  const Schedule schedule = choose_schedule(graph, layout, target);
  std::string key_text = cuda_key_text(graph, layout, schedule, target);
  if (auto entry = cache.look_up(key_text)) return from_entry(std::move(*entry), schedule);
  forbid_compile(graph, fmt::format("sm_{}", target.arch), key_text);
  const auto start = Clock::now();
  const CudaKernel emitted = emit_cuda(graph, layout, target, schedule);
  CompiledKernel kernel{.name = emitted.name,
                        .binary = compile_cubin(emitted.text, emitted.name, target.arch),
                        .key_text = std::move(key_text),
                        .schedule = schedule};
  kernel.compile_us = us_since(start);
  count_compile(kernel.compile_us);
  CacheEntry entry = entry_of(graph, layout, kernel);
  entry.target = fmt::format("sm_{}", target.arch);
  entry.schedule = to_string(schedule);
  entry.source = emitted.text;
  cache.publish(entry);
  return kernel;
}

CompiledKernel compiled_cpu(const TraceGraph& graph, const CpuLayout& layout, KernelCache& cache) {
  std::string key_text = cpu_key_text(graph, layout);
  if (auto entry = cache.look_up(key_text)) return from_entry(std::move(*entry));
  forbid_compile(graph, "the CPU", key_text);
  const auto start = Clock::now();
  CpuObject object = compile_cpu(graph, layout);
  CompiledKernel kernel{
      .name = std::move(object.name), .binary = std::move(object.bytes), .key_text = std::move(key_text)};
  kernel.compile_us = us_since(start);
  count_compile(kernel.compile_us);
  CacheEntry entry = entry_of(graph, layout, kernel);
  entry.target = "cpu";
  entry.source = to_string(graph);
  cache.publish(entry);
  return kernel;
}

}  // namespace gems
