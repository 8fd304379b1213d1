// From a trace to CUDA C++ text; launch_geometry.h says how it is launched.
//
// Parameters of an emitted kernel, in order:
//   each operand of the trace: Tensor form  const T*          (T: its storage dtype)
//                              Number form  a value           (its compute dtype; f16 and bf16 as their 16 bits)
//   each result:               T*
//   flat:      long long n                } filled by launch_geometry
//   all other: one struct by value        } its declaration is in the emitted text
// Where blocks may share rows (has_fold), the address of launch_geometry's scratch memory comes before the last one.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"

namespace gems {

struct CudaKernel {
  std::string name;     // of the extern "C" __global__ function, e.g. "gems_silu_and_mul_f16_flat"
  std::string prelude;  // types and conversions used, nothing unused
  std::string body;     // the kernel
  Schedule schedule;

  // The whole file: header comment, prelude, kernel. Compiles with nvcc and with NVRTC, no include path.
  std::string text;
};

// Throws gems::Error when the trace cannot be compiled for this layout.
CudaKernel emit_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target);

// As emit_cuda, with a schedule of the caller's choice (for benchmarks and tests).
CudaKernel emit_cuda(const TraceGraph& graph, const Layout& layout, CudaTarget target, const Schedule& schedule);

// The NVRTC options every kernel is compiled with, beside --gpu-architecture.
std::span<const std::string_view> nvrtc_options();

}  // namespace gems
