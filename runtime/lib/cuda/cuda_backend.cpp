// Layout, compile and load for CUDA devices. See cuda_backend.h.
#include "cuda/cuda_backend.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cuda/cuda_plan.h"
#include "cuda/driver.h"
#include "gems/compiler/cuda.h"
#include "gems/runtime/device.h"
#include "gems/runtime/nvrtc.h"
#include "space/kernel_layout.h"

namespace gems {
namespace {

KernelLayout layout(std::string_view op, IterationSpace& space, std::span<const NamedTensor> operands,
                    std::span<const NamedTensor> results) {
  CudaSpace walked = cuda_space(op, space, operands, results);
  space.geometry = walked.geometry;
  return walked.layout;
}

KernelLayout row_layout(const TraceGraph& graph, IterationSpace& space, std::span<const NamedTensor> operands,
                        std::span<const NamedTensor> results, int device) {
  CudaSpace walked = cuda_row_space(graph, space, operands, results, cuda_target(device));
  space.geometry = walked.geometry;
  return walked.layout;
}

CompiledKernel compile(const TraceGraph& graph, const KernelLayout& layout, int device, KernelCache& cache) {
  return compiled_cuda(graph, std::get<Layout>(layout), cuda_target(device), cache);
}

LoadedKernel load(const CompiledKernel& kernel, int device) {
  return driver::load_kernel(device, kernel.binary, kernel.name, has_fold(kernel.schedule),
                             shared_bytes(kernel.schedule));
}

}  // namespace

constinit const Backend cuda_backend{
    .layout = layout, .row_layout = row_layout, .compile = compile, .load = load, .plan = cuda_plan};

std::string cuda_key_text(const TraceGraph& graph, const Layout& layout, const Schedule& schedule, CudaTarget target) {
  return fmt::format("target sm_{}\nnvrtc {}\noptions {}\nschedule {}\n{}", target.arch, nvrtc_build(),
                     fmt::join(nvrtc_options(), " "), to_string(schedule), common_key_text(graph, layout));
}

CompiledKernel compiled_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target, KernelCache& cache) {
  const Schedule schedule = choose_schedule(graph, layout, target);
  CompiledKernel kernel =
      look_up_or_compile(graph, layout, fmt::format("sm_{}", target.arch),
                         cuda_key_text(graph, layout, schedule, target), cache, [&](CacheEntry& entry) {
                           CudaKernel emitted = emit_cuda(graph, layout, target, schedule);
                           entry.binary = compile_cubin(emitted.text, emitted.name, target.arch);
                           entry.kernel = std::move(emitted.name);
                           entry.source = std::move(emitted.text);
                           entry.schedule = to_string(schedule);
                         });
  kernel.schedule = schedule;
  return kernel;
}

}  // namespace gems
