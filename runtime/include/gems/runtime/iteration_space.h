// Iteration space: the dimensions a kernel walks, made from the sizes and strides of a call's tensors. Pure functions,
// the first step of a plan: broadcast, order the dimensions by stride, collapse those that can be walked as one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gems/compiler/launch_geometry.h"
#include "gems/dsl/extent.h"
#include "gems/runtime/arguments.h"

namespace gems {

// A tensor of a call with its name, for messages.
struct NamedTensor {
  std::string_view name;
  TensorView view;
  Extent extent = Extent::Element;  // in a rowwise op
};

// geometry: rank 1..MaxRank, innermost dimension first, no dimension of size 1 except in a space of one element (rank
// 1, size 1, strides 1). Strides in elements: operands in order, then results; 0 where an operand is broadcast.
struct IterationSpace {
  Geometry geometry;
  std::int64_t element_count = 0;  // 0: a pointwise geometry has rank 1 and size 0
  bool is_empty = true;            // no result has elements: nothing to do
  // Rowwise. A row may be of length 0: its results of row extent exist.
  std::int64_t row_count = 0;
  std::int64_t row_length = 0;
};

// The dimensions are ordered as PyTorch's TensorIterator orders them (smallest strides innermost, results decide before
// operands), so that tensors that are dense in one common order collapse to one dimension.
// Throws gems::Error naming the op and the tensor: an operand does not broadcast to the results' shape; results differ
// in shape or visit an element twice; a stride is negative; the element count does not fit 63 bits; more than MaxRank
// dimensions are left.
IterationSpace iteration_space(std::string_view op, std::span<const NamedTensor> operands,
                               std::span<const NamedTensor> results);

}  // namespace gems
