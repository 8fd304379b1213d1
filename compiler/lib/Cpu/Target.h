// The processor that CPU kernels are compiled for, and the code generator for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "Cpu/VectorUnit.h"

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace gems::cpu {

struct Target {
  std::string processor;              // as LLVM names it
  std::vector<std::string> features;  // "+avx2", "-avx512f", ...: sorted

  bool has(std::string_view feature) const;
  VectorUnit vectorUnit() const;
  std::string text() const;
};

// This machine.
const Target& hostTarget();

// Throws gems::Error when LLVM has no code generator for the target.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const Target& target);

// Sets the module's triple and data layout, and generates a relocatable object.
std::vector<char> emitObject(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace gems::cpu
