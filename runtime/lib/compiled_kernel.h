// A kernel's binary, from the disk cache or freshly compiled; the step between trace and loading. Needs no device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"
#include "gems/runtime/cache.h"

namespace gems {

struct CompiledKernel {
  std::string name;  // of the function in the binary
  std::vector<char> binary;
  std::string key_text;
  Schedule schedule{};  // CUDA
  bool from_disk = false;
  std::uint64_t compile_us = 0;  // 0 when from disk
};

// Everything a binary depends on, one input a line; its digest is the cache key.
std::string cuda_key_text(const TraceGraph& graph, const Layout& layout, const Schedule& schedule, CudaTarget target);
std::string cpu_key_text(const TraceGraph& graph, const CpuLayout& layout);

// Look in the cache, else compile and publish. Throws gems::Error when the compile fails.
CompiledKernel compiled_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target, KernelCache& cache);
CompiledKernel compiled_cpu(const TraceGraph& graph, const CpuLayout& layout, KernelCache& cache);

// "f32 f32 -> f32"; numbers as "number:f32".
std::string dtypes_text(const TraceGraph& graph);

}  // namespace gems
