// Makes a pw.kernel from a TraceGraph: the first step of every compile.
#pragma once

#include <string>

#include "Pw/Pw.h"
#include "mlir/IR/BuiltinOps.h"

namespace gems::pw {

// Throws gems::Error when the trace is malformed (an operation that its dtype does not define).
KernelOp importTrace(mlir::ModuleOp module, const TraceGraph& graph);

// "gems_silu_and_mul_f16", "gems_eq_f32_to_bool": by the rule in docs/architecture.md, but for the family of a CUDA
// kernel, which its schedule decides.
std::string kernelName(const TraceGraph& graph);

}  // namespace gems::pw
