// The layouts that the command line names: a class of calls, and which operands have no dimensions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"

namespace gems::codegen {

struct LayoutText {
  std::string cls;                   // empty: flat, or row_held of a rowwise op
  std::vector<std::string> singles;  // names of operands
  int held = 4;                      // of row_held and row_held_unaligned: vectors a thread
};

// The rows of layout_table for pointwise ops, or for rowwise ones.
std::span<const LayoutTraits> rows_of(bool is_rowwise);

// Throws UsageError when there is no such class, when it is not for the op on the target, or when there is no such
// tensor.
Layout make_layout(const LayoutText& text, const TraceGraph& graph, CudaTarget target);

// The layouts that an op may have but for single operands.
std::vector<LayoutText> layouts_of(const TraceGraph& graph, CudaTarget target);

}  // namespace gems::codegen
