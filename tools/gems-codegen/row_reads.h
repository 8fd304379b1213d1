// How often a rowwise op visits a row, and reads each operand, from its trace.
#pragma once

#include <string>
#include <vector>

#include "gems/dsl/trace.h"

namespace gems::codegen {

struct RowReads {
  int sweeps = 0;             // of reductions
  bool visits_again = false;  // for results that vary along the row
  struct Operand {
    std::string name;
    Extent extent;
    int visits = 0;  // that read it
  };
  std::vector<Operand> operands;  // tensors
};
RowReads row_reads(const TraceGraph& graph);

// As lines of text: what `gems-codegen show` says of a rowwise op.
std::string row_text(const TraceGraph& graph);

}  // namespace gems::codegen
