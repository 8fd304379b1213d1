// Pass pw-cpu-to-llvm: the arith and math operations that are left become operations of the llvm dialect, one for one.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace gems::cpu {

std::unique_ptr<mlir::Pass> createConvertToLlvmPass();

}  // namespace gems::cpu
