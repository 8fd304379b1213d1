// A kernel's binary, from the disk cache or freshly compiled; the step between trace and loading. Needs no device.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"
#include "gems/runtime/cache.h"

namespace gems {

// What a kernel depends on beside its trace and its target: the layout of a CUDA kernel, or that of a CPU kernel.
using KernelLayout = std::variant<Layout, CpuLayout>;
std::string to_string(const KernelLayout& layout);

struct CompiledKernel {
  std::string name;  // of the function in the binary
  std::vector<char> binary;
  std::string target;  // "sm_90", "cpu"
  std::string key_text;
  Schedule schedule;  // CUDA
  bool from_disk = false;
  std::uint64_t compile_us = 0;  // 0 when from disk
};

// The part of a key text that all backends share; a backend's own lines come before it.
std::string common_key_text(const TraceGraph& graph, const KernelLayout& layout);

// Looks in the cache, else compiles and publishes. compile: fills in kernel, binary, source and schedule of the entry.
// Throws gems::Error when the compile fails, or is forbidden.
CompiledKernel look_up_or_compile(const TraceGraph& graph, const KernelLayout& layout, std::string_view target,
                                  std::string key_text, KernelCache& cache,
                                  const std::function<void(CacheEntry&)>& compile);

// "f32 f32 -> f32"; numbers as "number:f32".
std::string dtypes_text(const TraceGraph& graph);

}  // namespace gems
