// Host detection and object emission through LLVM's X86 code generator.
#include "Cpu/Target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gems/dsl/error.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

namespace gems::cpu {

bool Target::has(std::string_view feature) const {
  return std::binary_search(features.begin(), features.end(), "+" + std::string(feature));
}

VectorUnit Target::vectorUnit() const {
  const bool isWide = has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  return {.bytes = isWide ? 64 : has("avx2") ? 32 : 16, .hasF16c = has("f16c"), .hasBf16 = isWide && has("avx512bf16")};
}

std::string Target::text() const { return fmt::format("{} {}", processor, fmt::join(features, ",")); }

const Target& hostTarget() {
  static const Target target = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    Target host;
    host.processor = llvm::sys::getHostCPUName().str();
    for (const auto& feature : llvm::sys::getHostCPUFeatures())
      host.features.push_back((feature.second ? "+" : "-") + feature.first().str());
    std::sort(host.features.begin(), host.features.end());
    return host;
  }();
  return target;
}

std::unique_ptr<llvm::TargetMachine> createTargetMachine(const Target& target) {
  hostTarget();  // initializes the code generator
  const llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string error;
  const llvm::Target* registered = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!registered) throw Error(fmt::format("cannot compile for the CPU of this machine ({}): {}", triple.str(), error));
  llvm::TargetOptions options;
  // A multiplication and an addition stay two roundings: results agree with the interpreter and with ATen.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(registered->createTargetMachine(
      triple, target.processor, fmt::format("{}", fmt::join(target.features, ",")), options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

std::vector<char> emitObject(llvm::Module& module, llvm::TargetMachine& machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    throw Error("LLVM cannot write object files for the CPU of this machine: build gems with LLVM's native target");
  passes.run(module);
  return {bytes.begin(), bytes.end()};
}

}  // namespace gems::cpu
