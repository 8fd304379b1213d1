// Kernels for this machine's processor: machine code through LLVM, launches on threads.
#pragma once

#include "backend/backend.h"

namespace gems {

extern const Backend cpu_backend;

// Everything an object file depends on, one input a line; its digest is the cache key.
std::string cpu_key_text(const TraceGraph& graph, const CpuLayout& layout);

CompiledKernel compiled_cpu(const TraceGraph& graph, const CpuLayout& layout, KernelCache& cache);

}  // namespace gems
