// emit_cuda: from a trace through the pipeline to CUDA text.
#include "Cuda/EmitCuda.h"
#include "Pipeline/Pipeline.h"

namespace gems {

CudaKernel emit_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target, const Schedule& schedule) {
  std::unique_ptr<mlir::MLIRContext> context = pw::makeContext();
  mlir::OwningOpRef<mlir::ModuleOp> module = pw::runPipeline(*context, graph, layout, target, schedule);
  return cuda::emit(*module->getOps<pw::KernelOp>().begin(), target);
}

CudaKernel emit_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target) {
  return emit_cuda(graph, layout, target, choose_schedule(graph, layout, target));
}

std::span<const std::string_view> nvrtc_options() {
  // Denormals are kept, division and square root round correctly; a * b + c may become one fma, as in PyTorch's build.
  static constexpr std::array<std::string_view, 5> options = {"--std=c++17", "--ftz=false", "--prec-div=true",
                                                              "--prec-sqrt=true", "--fmad=true"};
  return options;
}

}  // namespace gems
