// The one list of passes, and the functions that run a part of it on a trace.
#include "Transforms/FinalForm.h"

#include <fmt/format.h>

#include "Import/ImportTrace.h"
#include "Pw/Pw.h"
#include "Transforms/Passes.h"
#include "gems/dsl/error.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

void addResolve(OpPassManager& kernels) { kernels.addPass(createResolvePromotion()); }

void addExpand(OpPassManager& kernels, bool forCuda) {
  kernels.addPass(createExpandComplex({.cuda = forCuda}));
  kernels.addPass(createFold());
  kernels.addPass(createCSEPass());
  kernels.addPass(createLegalizeNarrowFloats());
  kernels.addPass(createCSEPass());
  kernels.addPass(createApproximateMath());
  kernels.addPass(createCSEPass());
}

// Diagnostics become the text of one error, which names the op.
OwningOpRef<ModuleOp> build(MLIRContext& context, const TraceGraph& graph,
                            llvm::function_ref<void(OpPassManager&)> addPasses) {
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic& diagnostic) {
    diagnostics += diagnostic.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  importTrace(*module, graph);
  PassManager manager(&context, ModuleOp::getOperationName());
  addPasses(manager.nest<KernelOp>());
  if (failed(verify(*module)) || failed(manager.run(*module)))
    throw Error(fmt::format("op '{}' does not compile; this is a defect of the compiler:\n{}", graph.op, diagnostics));
  return module;
}

OwningOpRef<ModuleOp> finalForm(MLIRContext& context, const TraceGraph& graph, bool forCuda) {
  return build(context, graph, [&](OpPassManager& kernels) {
    addResolve(kernels);
    addExpand(kernels, forCuda);
  });
}

}  // namespace

std::unique_ptr<MLIRContext> pw::makeContext() {
  DialectRegistry registry;
  registry.insert<PwDialect, arith::ArithDialect, complex::ComplexDialect, math::MathDialect>();
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

OwningOpRef<ModuleOp> pw::buildImported(MLIRContext& context, const TraceGraph& graph) {
  return build(context, graph, [](OpPassManager&) {});
}

OwningOpRef<ModuleOp> pw::buildResolved(MLIRContext& context, const TraceGraph& graph) {
  return build(context, graph, addResolve);
}

OwningOpRef<ModuleOp> pw::buildFinalForm(MLIRContext& context, const TraceGraph& graph) {
  return finalForm(context, graph, /*forCuda=*/false);
}

OwningOpRef<ModuleOp> pw::buildScheduled(MLIRContext& context, const TraceGraph& graph, const Layout& layout,
                                         const Schedule& schedule) {
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic& diagnostic) {
    diagnostics += diagnostic.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = finalForm(context, graph, /*forCuda=*/true);
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  kernel.setLayoutAttr(LayoutAttr::get(&context, layout));
  kernel.setScheduleAttr(ScheduleAttr::get(&context, schedule));
  if (failed(verify(*module)))
    throw Error(fmt::format("op '{}' cannot be compiled for {} with {}:\n{}", graph.op, to_string(layout),
                            to_string(schedule), diagnostics));
  return module;
}
