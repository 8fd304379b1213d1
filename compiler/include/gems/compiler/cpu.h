// From a trace to a CPU kernel: MLIR -> LLVM IR -> an object file (cacheable) -> a function in this process (ORC).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems {

// Runs the body over one dimension. data: one address per Tensor-form operand of the trace, then one per result;
// strides_bytes: their steps (read only where the layout says Strided); numbers: one address per Number-form operand,
// of a value in its compute dtype (bool: one byte). Reentrant.
using CpuKernel = void (*)(char* const* data, const std::int64_t* strides_bytes, const void* const* numbers,
                           std::int64_t count);

struct CpuObject {
  std::string name;         // symbol of the kernel
  std::vector<char> bytes;  // a relocatable object for cpu_target()
};

// Tensors need to be aligned to their elements only.
CpuObject compile_cpu(const TraceGraph& graph, const CpuLayout& layout);

// The object stays loaded for the life of the process. Throws gems::Error when the object is not usable.
CpuKernel load_cpu(const CpuObject& object);

// Processor name and features that objects are compiled for; part of every cache key.
std::string cpu_target();

}  // namespace gems
