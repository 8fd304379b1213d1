// Runs the CPU pipeline: final form -> layouts attached -> vector loop -> llvm dialect -> LLVM IR -> object.
#include "Compile.h"

#include <fmt/format.h>

#include "ConvertToLlvm.h"
#include "ExpandMath.h"
#include "LoadConstants.h"
#include "LowerToCpu.h"
#include "Pw/Pw.h"
#include "Transforms/FinalForm.h"
#include "gems/dsl/error.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

using namespace mlir;

namespace gems::cpu {
namespace {

void checkLayout(const TraceGraph& graph, const Layout& layout) {
  size_t tensors = 0;
  for (const TraceOperand& operand : graph.operands) tensors += operand.form == OperandForm::Tensor;
  if (layout.rank != 1)
    throw Error(
        fmt::format("op '{}': a CPU kernel runs over one dimension, but the layout has rank {}; call it once "
                    "for each row",
                    graph.op, layout.rank));
  if (layout.operands.size() != tensors || layout.results.size() != graph.results.size())
    throw Error(fmt::format("op '{}' has {} tensor operands and {} results, but the layout describes {} and {}",
                            graph.op, tensors, graph.results.size(), layout.operands.size(), layout.results.size()));
}

pw::LayoutAttr layoutAttr(MLIRContext* context, const OperandLayout& layout) {
  return pw::LayoutAttr::get(context, layout.step, layout.align_bytes);
}

void attachLayout(pw::KernelOp kernel, const Layout& layout) {
  MLIRContext* context = kernel.getContext();
  SmallVector<Attribute> operands, results;
  size_t tensor = 0;
  for (auto spec : kernel.getOperandSpecs().getAsRange<pw::OperandAttr>()) {
    pw::LayoutAttr own;
    if (spec.getForm() == OperandForm::Tensor) own = layoutAttr(context, layout.operands[tensor++]);
    operands.push_back(
        pw::OperandAttr::get(context, spec.getName(), spec.getStorage(), spec.getCompute(), spec.getForm(), own));
  }
  for (auto [spec, own] : llvm::zip_equal(kernel.getResultSpecs().getAsRange<pw::ResultAttr>(), layout.results))
    results.push_back(
        pw::ResultAttr::get(context, spec.getName(), spec.getCompute(), spec.getStorage(), layoutAttr(context, own)));
  kernel.setOperandSpecsAttr(ArrayAttr::get(context, operands));
  kernel.setResultSpecsAttr(ArrayAttr::get(context, results));
  kernel.setSpaceAttr(pw::SpaceAttr::get(context, layout.rank, layout.wide_index, layout.crossed));
}

struct Translated {
  std::string name;
  std::unique_ptr<llvm::Module> module;
};

Translated translate(const TraceGraph& graph, const Layout& layout, const Target& target, llvm::LLVMContext& llvm) {
  checkLayout(graph, layout);
  std::unique_ptr<MLIRContext> context = pw::makeContext();
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  std::string diagnostics;
  ScopedDiagnosticHandler handler(context.get(),
                                  [&](Diagnostic& diagnostic) { diagnostics += diagnostic.str() + "\n"; });
  OwningOpRef<ModuleOp> module = pw::buildFinalForm(*context, graph);
  auto kernel = *module->getOps<pw::KernelOp>().begin();
  attachLayout(kernel, layout);
  Translated result{kernel.getSymName().str(), nullptr};

  PassManager passes(context.get());
  addCpuPasses(passes, target.vectorUnit());
  if (succeeded(passes.run(*module))) result.module = translateModuleToLLVMIR(*module, llvm);
  if (!result.module)
    throw Error(fmt::format("op '{}' cannot be compiled for the CPU; the compiler says:\n{}", graph.op, diagnostics));
  return result;
}

}  // namespace

void addCpuPasses(OpPassManager& passes, VectorUnit unit) {
  passes.addPass(createLowerToCpuPass(unit));
  passes.addPass(createExpandMathPass(unit));
  // AVX-512 has 32 registers.
  if (unit.bytes < 64) passes.addPass(createLoadConstantsPass());
  passes.addPass(createConvertToLlvmPass());
}

void registerCpuPasses() {
  registerPass([] { return createLowerToCpuPass({}); });
  registerPass([] { return createExpandMathPass({}); });
  registerPass([] { return createLoadConstantsPass(); });
  registerPass([] { return createConvertToLlvmPass(); });
}

CpuObject compile(const TraceGraph& graph, const Layout& layout, const Target& target) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target);
  llvm::LLVMContext context;
  Translated translated = translate(graph, layout, target, context);
  return {translated.name, emitObject(*translated.module, *machine)};
}

std::string llvmText(const TraceGraph& graph, const Layout& layout, const Target& target) {
  llvm::LLVMContext context;
  Translated translated = translate(graph, layout, target, context);
  std::string text;
  llvm::raw_string_ostream stream(text);
  translated.module->print(stream, nullptr);
  return text;
}

}  // namespace gems::cpu

namespace gems {

CpuObject compile_cpu(const TraceGraph& graph, const Layout& layout) {
  return cpu::compile(graph, layout, cpu::hostTarget());
}

std::string cpu_target() { return cpu::hostTarget().text(); }

}  // namespace gems
