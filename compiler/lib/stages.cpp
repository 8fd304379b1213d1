// Every stage of the pipeline as text.
#include "gems/compiler/stages.h"

#include <fmt/format.h>

#include "Cpu/Compile.h"
#include "Transforms/FinalForm.h"
#include "gems/compiler/cuda.h"
#include "gems/dsl/error.h"
#include "llvm/Support/raw_ostream.h"

namespace gems {
namespace {

constexpr std::array<std::string_view, 5> stages = {"pw", "resolve", "schedule", "cuda", "llvm"};

template <class Build>
std::string print_module(Build build) {
  const std::unique_ptr<mlir::MLIRContext> context = pw::makeContext();
  mlir::OwningOpRef<mlir::ModuleOp> module = build(*context);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  return text;
}

}  // namespace

std::span<const std::string_view> stage_names() { return stages; }

std::string print_stage(const TraceGraph& graph, const Layout& layout, CudaTarget target, std::string_view stage) {
  if (stage == "pw") return print_module([&](mlir::MLIRContext& context) { return pw::buildImported(context, graph); });
  if (stage == "resolve")
    return print_module([&](mlir::MLIRContext& context) { return pw::buildResolved(context, graph); });
  if (stage == "schedule")
    return print_module([&](mlir::MLIRContext& context) {
      return pw::buildScheduled(context, graph, layout, choose_schedule(graph, layout, target));
    });
  if (stage == "cuda") return emit_cuda(graph, layout, target).text;
  if (stage == "llvm")
    return cpu::llvmText(graph, innermost_dimension(layout, tensor_counts(graph)), cpu::hostTarget());
  throw Error(fmt::format("there is no stage '{}': expected one of {}", stage, fmt::join(stages, ", ")));
}

}  // namespace gems
