// The CPU pipeline from a trace to LLVM IR and to an object, for a given target; compile_cpu is this for the host.
#pragma once

#include <string>

#include "Target.h"
#include "gems/compiler/cpu.h"
#include "mlir/Pass/PassManager.h"

namespace gems::cpu {

// The passes from the final form with a CPU layout to the llvm dialect, in order.
void addCpuPasses(mlir::OpPassManager& passes, VectorUnit unit);

// Makes them known by name to a tool that reads pass pipelines.
void registerCpuPasses();

// Each throws gems::Error when the trace or the layout cannot be compiled.
CpuObject compile(const TraceGraph& graph, const CpuLayout& layout, const Target& target);
std::string llvmText(const TraceGraph& graph, const CpuLayout& layout, const Target& target);

}  // namespace gems::cpu
