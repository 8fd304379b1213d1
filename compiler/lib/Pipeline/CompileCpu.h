// From a trace through the pipeline to LLVM IR and to an object, for a given target; compile_cpu is this for the host.
#pragma once

#include <string>

#include "Cpu/Target.h"
#include "gems/compiler/cpu.h"

namespace gems::cpu {

// Each throws gems::Error when the trace or the layout cannot be compiled.
CpuObject compile(const TraceGraph& graph, const CpuLayout& layout, const Target& target);
std::string llvmText(const TraceGraph& graph, const CpuLayout& layout, const Target& target);

}  // namespace gems::cpu
