// The processor that CPU kernels are compiled for, and the code generator for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace gems::cpu {

struct Target {
  std::string processor;              // as LLVM names it
  std::vector<std::string> features;  // "+avx2", "-avx512f", ...: sorted

  bool has(std::string_view feature) const;
  int64_t vectorBytes() const;
  bool hasF16c() const { return has("f16c"); }
  std::string text() const;
};

// This machine.
const Target& hostTarget();

// Throws gems::Error when LLVM has no code generator for the target.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const Target& target);

// Sets the module's triple and data layout, and generates a relocatable object.
std::vector<char> emitObject(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace gems::cpu
