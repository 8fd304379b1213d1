// Makes a pw.kernel from a TraceGraph: the first step of every compile.
#pragma once

#include <string>

#include "Pw/Pw.h"
#include "mlir/IR/BuiltinOps.h"

namespace gems::pw {

// Throws gems::Error when the trace is malformed (an operation that its dtype does not define).
KernelOp importTrace(mlir::ModuleOp module, const TraceGraph& graph);

// "silu_and_mul_f16", "add_f32_bf16", "eq_f32_to_bool": the op and the dtypes of its tensors in memory.
std::string kernelName(const TraceGraph& graph);

}  // namespace gems::pw
