// From a trace to CUDA C++ text, and from a geometry to the launch of that text.
//
// Parameters of an emitted kernel, in order:
//   each operand of the trace: Tensor form  const T*          (T: its storage dtype)
//                              Number form  a value           (its compute dtype; f16 and bf16 as their 16 bits)
//   each result:               T*
//   Flat:     long long n
//   Rows:     one struct by value  } filled by launch_geometry; its declaration is in the emitted text
//   Generic:  one struct by value  }
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

// Sizes of the collapsed dimensions, innermost first, and each operand's strides in elements: Tensor-form operands of
// the trace in order, then results.
struct Geometry {
  int rank = 1;
  TensorCounts tensors{};
  std::array<std::int64_t, MaxRank> sizes{};
  std::array<std::array<std::int64_t, MaxRank>, MaxTensors> strides{};
};

// Grid, block and the last kernel parameter (n or the struct), as bytes to copy.
struct LaunchGeometry {
  unsigned grid_x = 0;
  unsigned block_x = 0;
  unsigned block_y = 1;
  std::size_t parameter_bytes = 0;
  alignas(16) std::array<std::byte, 1280> parameter{};
};
// No dimension may be 0.
LaunchGeometry launch_geometry(const Schedule& schedule, const Layout& layout, const Geometry& geometry);

}  // namespace gems
