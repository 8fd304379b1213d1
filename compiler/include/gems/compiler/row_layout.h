// Which CUDA kernel a call of a rowwise op gets: from the op's trace, and from the sizes, strides and addresses of the
// call. A pure function, called by the runtime for each new geometry.
//
// An op with its dtypes has eight kernels at most, whatever lengths and strides it meets: row_held and
// row_held_unaligned with 4 and with 8 vectors a thread, row_looped_unaligned, row_staged or row_looped, columns,
// row_generic. How many threads a row has, and in which order its elements are combined, follows from its length, the
// dtypes and the op alone, whichever of them serves it; but rows that would be staged have other orders along columns
// and in row_generic. One kernel more, products, serves sums of products of a few rows with many; it combines in an
// order of its own, which is the same for one row and for eight.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "gems/compiler/launch_geometry.h"
#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems {

// The call as its kernel walks it.
struct RowSpace {
  Layout layout;
  Geometry geometry;  // of the layout's rank: dimensions of size 1 added to the reduced ones and to the kept ones
};

// Whether all that an op reduces are sums of products of its first operand of element extent with each of one or two
// others, of a dtype that tensor cores multiply, and its results are of row extent: it has kernels of the layout
// 'products', too.
bool is_product(const TraceGraph& graph);

// Whether rows that are longer than threads can hold come through shared memory, layout 'row_staged': what varies along
// them is read more than once and written, no single element is picked, nothing is summed over all rows, the target has
// clusters of blocks, and there is room for four vectors of each operand for each thread.
bool is_staged(const TraceGraph& graph, CudaTarget target);

// geometry: the reduced dimensions, then the kept ones, each innermost first and collapsed; only reduced ones may have
// size 0. addresses: of its tensors, operands and then results. Nothing when no kernel walks so many dimensions: more
// than four reduced ones, or four kept ones, are left.
std::optional<RowSpace> row_space(const TraceGraph& graph, const Geometry& geometry,
                                  std::span<const std::uintptr_t> addresses, CudaTarget target);

}  // namespace gems
