// The pipeline from a trace to what a back end prints or compiles: the one list of stages, and of the passes in each.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "Cpu/VectorUnit.h"
#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

namespace gems::pw {

// What the passes depend on beside the kernel.
struct PassTarget {
  bool isCuda = true;
  std::string schedule{};      // CUDA: #pw.schedule<...> as text
  bool hasFastDoubles = true;  // CUDA
  cpu::VectorUnit unit{};      // CPU
};

struct Stage {
  std::string_view name;
  bool isCuda, isCpu;                                                        // whose pipelines it is part of
  void (*addPasses)(mlir::OpPassManager& module, const PassTarget& target);  // null: it is text, or it is imported
};
std::span<const Stage> stages();

// The passes of all stages of one back end up to `last`.
void addStages(mlir::OpPassManager& module, const PassTarget& target, std::string_view last);

// A context with the dialects of the compiler loaded. Every compile makes its own, which is what makes compiling
// thread-safe; it must outlive the modules made in it.
std::unique_ptr<mlir::MLIRContext> makeContext();

// Collects diagnostics, for the text of an error.
class Diagnostics {
 public:
  explicit Diagnostics(mlir::MLIRContext& context)
      : handler_(&context, [this](mlir::Diagnostic& diagnostic) { text_ += diagnostic.str() + "\n"; }) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  mlir::ScopedDiagnosticHandler handler_;
};

// The kernel of a trace after a stage of the CUDA pipeline, or of the CPU pipeline. Throws gems::Error with the
// diagnostics when a pass fails.
mlir::OwningOpRef<mlir::ModuleOp> runPipeline(mlir::MLIRContext& context, const TraceGraph& graph, const Layout& layout,
                                              CudaTarget target, const Schedule& schedule,
                                              std::string_view last = "scheduled");
mlir::OwningOpRef<mlir::ModuleOp> runPipeline(mlir::MLIRContext& context, const TraceGraph& graph,
                                              const CpuLayout& layout, cpu::VectorUnit unit,
                                              std::string_view last = "lowered");

}  // namespace gems::pw
