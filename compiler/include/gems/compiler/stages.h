// Every stage of the pipeline as text, for gems-codegen --stop-after and for people.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"

namespace gems {

// "imported"      the kernel of the trace, with its layout, before any pass
// "resolved"      conversions of promotion made explicit
// "expanded"      complex numbers as real and imaginary parts
// "legal"         arithmetic of narrow floats in f32
// "approximated"  functions for two-byte results by formulas: the final form, which both back ends start from
// "scheduled"     the schedule attached, ready to emit
// "cuda"          the CUDA text
// "scheduled_cpu" the CPU's schedule chosen
// "lowered"       the CPU kernel for the innermost dimension, in MLIR's llvm dialect
// "llvm"          the same as LLVM IR
// The final form and what is before it are printed as they are for CUDA.
std::span<const std::string_view> stage_names();
std::string print_stage(const TraceGraph& graph, const Layout& layout, CudaTarget target, std::string_view stage);

}  // namespace gems
