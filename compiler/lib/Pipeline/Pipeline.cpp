// The table of stages, and the function that runs a part of it on a trace.
#include "Pipeline/Pipeline.h"

#include <fmt/format.h>

#include "Import/ImportTrace.h"
#include "Pw/Pw.h"
#include "Transforms/Passes.h"
#include "gems/compiler/tuning.h"
#include "gems/dsl/error.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

constexpr Stage allStages[] = {
    {"imported", true, true, nullptr},
    {"resolved", true, true,
     [](OpPassManager& module, const PassTarget&) { module.addNestedPass<KernelOp>(createResolvePromotion()); }},
    {"expanded", true, true,
     [](OpPassManager& module, const PassTarget& target) {
       module.addNestedPass<KernelOp>(createExpandComplex({.cuda = target.isCuda}));
       module.addNestedPass<KernelOp>(createFold());
       module.addNestedPass<KernelOp>(createCSEPass());
     }},
    {"legal", true, true,
     [](OpPassManager& module, const PassTarget&) {
       module.addNestedPass<KernelOp>(createLegalizeNarrowFloats());
       module.addNestedPass<KernelOp>(createCSEPass());
     }},
    {"approximated", true, true,
     [](OpPassManager& module, const PassTarget&) {
       module.addNestedPass<KernelOp>(createApproximateMath());
       module.addNestedPass<KernelOp>(createDivideByExpSum());
       module.addNestedPass<KernelOp>(createCSEPass());
       module.addNestedPass<KernelOp>(createVerifyFinalForm());
     }},
    {"swept", true, true,
     [](OpPassManager& module, const PassTarget&) { module.addNestedPass<KernelOp>(createNumberSweeps()); }},
    {"scheduled", true, false,
     [](OpPassManager& module, const PassTarget& target) {
       if (target.hasFastDoubles) module.addNestedPass<KernelOp>(createPowersInF64());
       module.addNestedPass<KernelOp>(createScheduleKernel({.schedule = target.schedule}));
     }},
    {"cuda", true, false, nullptr},
    {"scheduled_cpu", false, true,
     [](OpPassManager& module, const PassTarget& target) {
       module.addNestedPass<KernelOp>(createScheduleCpu({target.unit.bytes}));
     }},
    {"lowered", false, true,
     [](OpPassManager& module, const PassTarget& target) {
       const cpu::VectorUnit unit = target.unit;
       module.addPass(createLowerToCpu({unit.bytes, unit.hasF16c, unit.hasBf16}));
       module.addPass(createExpandMath({unit.bytes}));
       // AVX-512 has 32 registers.
       if (unit.bytes < 64) module.addPass(createLoadConstants());
       module.addPass(createConvertToLlvm());
     }},
    {"llvm", false, true, nullptr},
};

OwningOpRef<ModuleOp> run(MLIRContext& context, const TraceGraph& graph, llvm::function_ref<void(KernelOp)> attach,
                          const PassTarget& target, std::string_view last, const std::string& kind) {
  Diagnostics diagnostics(context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  attach(importTrace(*module, graph));
  PassManager manager(&context, ModuleOp::getOperationName());
  addStages(manager, target, last);
  if (failed(verify(*module)) || failed(manager.run(*module)))
    throw Error(fmt::format("op '{}' cannot be compiled for {}:\n{}", graph.op, kind, diagnostics.text()));
  return module;
}

}  // namespace

std::span<const Stage> pw::stages() { return allStages; }

void pw::addStages(OpPassManager& module, const PassTarget& target, std::string_view last) {
  for (const Stage& stage : allStages) {
    const bool isOwn = target.isCuda ? stage.isCuda : stage.isCpu;
    if (isOwn && stage.addPasses) stage.addPasses(module, target);
    if (stage.name == last) return;
  }
}

std::unique_ptr<MLIRContext> pw::makeContext() {
  DialectRegistry registry;
  registry.insert<PwDialect, arith::ArithDialect, complex::ComplexDialect, math::MathDialect>();
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

OwningOpRef<ModuleOp> pw::runPipeline(MLIRContext& context, const TraceGraph& graph, const Layout& layout,
                                      CudaTarget target, const Schedule& schedule, std::string_view last) {
  std::string text;
  llvm::raw_string_ostream(text) << ScheduleAttr::get(&context, schedule);
  auto attach = [&](KernelOp kernel) { kernel.setLayoutAttr(LayoutAttr::get(&context, layout)); };
  return run(context, graph, attach,
             {.isCuda = true, .schedule = text, .hasFastDoubles = tuning::has_fast_doubles(target)}, last,
             fmt::format("{} with {}", to_string(layout), to_string(schedule)));
}

OwningOpRef<ModuleOp> pw::runPipeline(MLIRContext& context, const TraceGraph& graph, const CpuLayout& layout,
                                      cpu::VectorUnit unit, std::string_view last) {
  auto attach = [&](KernelOp kernel) {
    const auto steps = [](const auto& list) { return ArrayRef<Step>(list.begin(), list.size()); };
    kernel.setCpuLayoutAttr(CpuLayoutAttr::get(&context, layout.walk, steps(layout.operands), steps(layout.results)));
  };
  return run(context, graph, attach, {.isCuda = false, .unit = unit}, last,
             fmt::format("the CPU, {}", to_string(layout)));
}
