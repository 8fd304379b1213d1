// Every stage of the pipeline as text.
#include "gems/compiler/stages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "Pipeline/CompileCpu.h"
#include "Pipeline/Pipeline.h"
#include "gems/compiler/cuda.h"
#include "gems/dsl/error.h"
#include "llvm/Support/raw_ostream.h"

namespace gems {

std::span<const std::string_view> stage_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const pw::Stage& stage : pw::stages()) all.push_back(stage.name);
    return all;
  }();
  return names;
}

std::string print_stage(const TraceGraph& graph, const Layout& layout, CudaTarget target, std::string_view name) {
  const auto stage = std::ranges::find(pw::stages(), name, &pw::Stage::name);
  if (stage == pw::stages().end())
    throw Error(fmt::format("there is no stage '{}': expected one of {}", name, fmt::join(stage_names(), ", ")));
  const CpuLayout inner = innermost_dimension(layout, tensor_counts(graph));
  if (name == "cuda") return emit_cuda(graph, layout, target).text;
  if (name == "llvm") return cpu::llvmText(graph, inner, cpu::hostTarget());
  const std::unique_ptr<mlir::MLIRContext> context = pw::makeContext();
  mlir::OwningOpRef<mlir::ModuleOp> module =
      stage->isCuda ? pw::runPipeline(*context, graph, layout, target, choose_schedule(graph, layout, target), name)
                    : pw::runPipeline(*context, graph, inner, cpu::hostTarget().vectorUnit(), name);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  return text;
}

}  // namespace gems
