// The oracle: evaluates a TraceGraph on one element per operand, in plain C++, one node at a time. Slow and obvious.
#pragma once

#include <span>
#include <vector>

#include "gems/dsl/element.h"
#include "gems/dsl/trace.h"

namespace gems {

// operands: one per TraceGraph::operands, in their storage dtype (Number: compute dtype). Returns one element per
// result, in the result's dtype. f32 results are the correctly rounded value of each node's function where the
// C library's double functions allow.
std::vector<Element> interpret(const TraceGraph& graph, std::span<const Element> operands);

// The same of a rowwise op's trace on a table of rows and columns. operands: for each of the trace, its elements: of a
// Number one, else as many as its extent says (Element: rows * columns, row by row). Returns the elements of each
// result, by its extent. Reductions accumulate in f64.
std::vector<std::vector<Element>> interpret_rows(const TraceGraph& graph,
                                                 std::span<const std::vector<Element>> operands, std::size_t rows,
                                                 std::size_t columns);

}  // namespace gems
