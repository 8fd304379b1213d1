// Runs the CPU pipeline: final form -> layout attached -> vector loop -> llvm dialect -> LLVM IR -> object.
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
#include "mlir/IR/Verifier.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

using namespace mlir;

namespace gems::cpu {
namespace {

struct Translated {
  std::string name;
  std::unique_ptr<llvm::Module> module;
};

Translated translate(const TraceGraph& graph, const CpuLayout& layout, const Target& target, llvm::LLVMContext& llvm) {
  std::unique_ptr<MLIRContext> context = pw::makeContext();
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  std::string diagnostics;
  ScopedDiagnosticHandler handler(context.get(),
                                  [&](Diagnostic& diagnostic) { diagnostics += diagnostic.str() + "\n"; });
  OwningOpRef<ModuleOp> module = pw::buildFinalForm(*context, graph);
  auto kernel = *module->getOps<pw::KernelOp>().begin();
  kernel.setCpuLayoutAttr(pw::CpuLayoutAttr::get(context.get(), layout.operands, layout.results));
  Translated result{kernel.getSymName().str(), nullptr};

  PassManager passes(context.get());
  addCpuPasses(passes, target.vectorUnit());
  if (succeeded(verify(*module)) && succeeded(passes.run(*module)))
    result.module = translateModuleToLLVMIR(*module, llvm);
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

CpuObject compile(const TraceGraph& graph, const CpuLayout& layout, const Target& target) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target);
  llvm::LLVMContext context;
  Translated translated = translate(graph, layout, target, context);
  return {translated.name, emitObject(*translated.module, *machine)};
}

std::string llvmText(const TraceGraph& graph, const CpuLayout& layout, const Target& target) {
  llvm::LLVMContext context;
  Translated translated = translate(graph, layout, target, context);
  std::string text;
  llvm::raw_string_ostream stream(text);
  translated.module->print(stream, nullptr);
  return text;
}

}  // namespace gems::cpu

namespace gems {

CpuObject compile_cpu(const TraceGraph& graph, const CpuLayout& layout) {
  return cpu::compile(graph, layout, cpu::hostTarget());
}

std::string cpu_target() { return cpu::hostTarget().text(); }

}  // namespace gems
