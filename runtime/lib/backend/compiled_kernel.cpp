// Disk cache first, then the backend's compiler. See compiled_kernel.h.
#include "backend/compiled_kernel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <ctime>

#include "gems/compiler/stages.h"
#include "gems/dsl/error.h"
#include "gems/runtime/settings.h"
#include "process/atomic_counters.h"

namespace gems {
namespace {

using Clock = std::chrono::steady_clock;

// Where kernels must be shipped: what is missing, where it was looked for, and what puts it there.
void forbid_compile(const TraceGraph& graph, std::string_view target, const std::string& key_text) {
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

}  // namespace

std::string to_string(const KernelLayout& layout) {
  return std::visit([](const auto& kind) { return to_string(kind); }, layout);
}

std::string dtypes_text(const TraceGraph& graph) {
  std::string text;
  for (const TraceOperand& operand : graph.operands)
    text += fmt::format("{}{} ", operand.form == OperandForm::Number ? "number:" : "", name(operand.storage));
  text += "->";
  for (const TraceResult& result : graph.results) text += fmt::format(" {}", name(result.dtype));
  return text;
}

std::string common_key_text(const TraceGraph& graph, const KernelLayout& layout) {
  return fmt::format("format {}\ngenerator {}\nlayout {}\n{}", CacheFormat, generator_version(), to_string(layout),
                     to_string(graph));
}

CompiledKernel look_up_or_compile(const TraceGraph& graph, const KernelLayout& layout, std::string_view target,
                                  std::string key_text, KernelCache& cache,
                                  const std::function<void(CacheEntry&)>& compile) {
  const auto kernel_of = [](CacheEntry&& entry) {
    return CompiledKernel{.name = std::move(entry.kernel),
                          .binary = std::move(entry.binary),
                          .target = std::move(entry.target),
                          .key_text = std::move(entry.key_text)};
  };
  if (auto found = cache.look_up(key_text)) {
    CompiledKernel kernel = kernel_of(std::move(*found));
    kernel.from_disk = true;
    return kernel;
  }
  forbid_compile(graph, target, key_text);
  CacheEntry entry{.key_text = std::move(key_text),
                   .op = graph.op,
                   .target = std::string(target),
                   .dtypes = dtypes_text(graph),
                   .layout = to_string(layout)};
  const auto start = Clock::now();
  compile(entry);
  entry.compile_us =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
  entry.created_s = ::time(nullptr);
  count_compile(entry.compile_us);
  cache.publish(entry);
  CompiledKernel kernel = kernel_of(std::move(entry));
  kernel.compile_us = entry.compile_us;
  return kernel;
}

}  // namespace gems
