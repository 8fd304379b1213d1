// The oracle: evaluates a TraceGraph on one element per operand, in plain C++, one node at a time. Slow and obvious.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "gems/dsl/trace.h"

namespace gems {

// One element: integers and bool in `integer` (unsigned values by their bits), floats and complex in `value`.
struct Element {
  DType dtype = DType::F32;
  std::int64_t integer = 0;
  std::complex<double> value{};
};

// Reads and writes one element in memory, in the bit layout of its dtype (bool: any non-zero byte is true).
Element load_element(const void* from, DType dtype);
void store_element(const Element& element, void* to);

// As ScalarOp::Cast in scalar_ops.def. Rounds to nearest even.
Element cast_element(const Element& element, DType to);

// As ScalarOp::BitCast: the same bits, in a dtype of the same size.
Element bit_cast_element(const Element& element, DType to);

// operands: one per TraceGraph::operands, in their storage dtype (Number: compute dtype). Returns one element per
// result, in the result's dtype. f32 results are the correctly rounded value of each node's function where the
// C library's double functions allow.
std::vector<Element> interpret(const TraceGraph& graph, std::span<const Element> operands);

}  // namespace gems
