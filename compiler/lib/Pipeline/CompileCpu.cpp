// The CPU's end of the pipeline: the llvm dialect to LLVM IR, and to an object.
#include "Pipeline/CompileCpu.h"

#include <fmt/format.h>

#include "Import/ImportTrace.h"
#include "Pipeline/Pipeline.h"
#include "gems/dsl/error.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

using namespace mlir;

namespace gems::cpu {
namespace {

std::unique_ptr<llvm::Module> translate(const TraceGraph& graph, const CpuLayout& layout, const Target& target,
                                        llvm::LLVMContext& llvm) {
  std::unique_ptr<MLIRContext> context = pw::makeContext();
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  OwningOpRef<ModuleOp> module = pw::runPipeline(*context, graph, layout, target.vectorUnit());
  pw::Diagnostics diagnostics(*context);
  if (std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(*module, llvm)) return translated;
  throw Error(fmt::format("op '{}' cannot be compiled for the CPU:\n{}", graph.op, diagnostics.text()));
}

}  // namespace

CpuObject compile(const TraceGraph& graph, const CpuLayout& layout, const Target& target) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translate(graph, layout, target, context);
  return {pw::kernelName(graph), emitObject(*module, *machine)};
}

std::string llvmText(const TraceGraph& graph, const CpuLayout& layout, const Target& target) {
  llvm::LLVMContext context;
  std::string text;
  llvm::raw_string_ostream stream(text);
  translate(graph, layout, target, context)->print(stream, nullptr);
  return text;
}

}  // namespace gems::cpu

namespace gems {

CpuObject compile_cpu(const TraceGraph& graph, const CpuLayout& layout) {
  return cpu::compile(graph, layout, cpu::hostTarget());
}

std::string cpu_target() { return cpu::hostTarget().text(); }

}  // namespace gems
