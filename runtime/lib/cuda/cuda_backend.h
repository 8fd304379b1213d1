// Kernels for CUDA devices: CUDA text through NVRTC, launches through the driver.
#pragma once

#include "backend/backend.h"

namespace gems {

extern const Backend cuda_backend;

// Everything a cubin depends on, one input a line; its digest is the cache key.
std::string cuda_key_text(const TraceGraph& graph, const Layout& layout, const Schedule& schedule, CudaTarget target);

// Needs NVRTC, not a device.
CompiledKernel compiled_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target, KernelCache& cache);

}  // namespace gems
