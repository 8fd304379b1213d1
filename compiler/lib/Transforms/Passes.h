// The passes of the compiler (Passes.td), how each is made, and their registration for gems-opt.
#pragma once

#include <memory>

#include "Pw/Pw.h"
#include "mlir/Pass/Pass.h"

namespace gems::pw {

#define GEN_PASS_DECL
#include "Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "Transforms/Passes.h.inc"

}  // namespace gems::pw
