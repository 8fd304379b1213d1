// What a schedule may be chosen by, beside the target.
#pragma once

#include <vector>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems {

struct Traffic {
  int size_bytes = 4;  // of one element
  bool is_single = false;
  bool is_result = false;
  bool is_unread = false;  // by the body: isnan of an integer is a constant
  Extent extent = Extent::Element;
};

struct KernelFacts {
  LayoutClass layout = LayoutClass::Flat;
  std::vector<Traffic> traffic;  // operands, then results
  int functions = 0;             // in the body: operations that become many instructions
  int max_cost = 0;              // of an operation of the body
  bool divides = false;          // exactly, which takes several times as long as the formulas for two-byte results
  int held = 0;                  // vectors of a row that a thread holds, by the layout
  bool reduces = false;          // rowwise: anything
  bool picks = false;            // rowwise: single elements of a row
  bool reads_once = false;       // rowwise: one sweep finds all results
  int partial_bytes = 0;         // rowwise: of the states of all reductions, at most
  int sum_bytes = 0;             // rowwise: of one column's sums over all rows, as they are accumulated

  bool is_aligned() const { return traits(layout).is_aligned; }
};
KernelFacts facts_of(const TraceGraph& graph, const Layout& layout);

// Elements of one vector, where the widest operand decides; of flat kernels and those by rows.
int vector_width(const KernelFacts& facts);

}  // namespace gems
