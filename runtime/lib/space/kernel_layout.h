// The layout of the kernel that a call gets, from its iteration space and addresses.
#pragma once

#include <span>
#include <string_view>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"
#include "gems/runtime/iteration_space.h"

namespace gems {

// The space as a CUDA kernel walks it, and what the kernel may depend on.
struct CudaSpace {
  Layout layout;
  Geometry geometry;  // of the layout's rank, dimensions of size 1 added; for tiles, outer ones are reordered
};

// Throws gems::Error for an address that is not a multiple of its element's size, and for a result that shares an
// operand's address but not its strides.
CudaSpace cuda_space(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                     std::span<const NamedTensor> results);

// The same of a rowwise call.
CudaSpace cuda_row_space(const TraceGraph& graph, const IterationSpace& space, std::span<const NamedTensor> operands,
                         std::span<const NamedTensor> results, CudaTarget target);

// The layout of a CPU kernel, which walks the innermost dimension only.
CpuLayout cpu_layout(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                     std::span<const NamedTensor> results);

// The same of a rowwise call: along rows, or along a reduced dimension from row to row where neighbouring elements in
// memory belong to neighbouring rows. Tensors that are Contiguous in a walk along rows may have any strides: what is
// not contiguous is copied. Throws gems::Error for a result of column extent.
CpuLayout cpu_row_layout(const TraceGraph& graph, const IterationSpace& space, std::span<const NamedTensor> operands,
                         std::span<const NamedTensor> results);

}  // namespace gems
