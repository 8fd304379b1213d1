// One rowwise kernel on one table with data: run as host C++, and compared with the interpreter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/differentiate.h"
#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems::test {

// The values that floats are drawn from.
enum class RowValues : std::uint8_t {
  Counting,  // few small integers, whose sums are exact
  Signs,     // 1 and -1, whose products are
  Moderate,  // many, up to 4
  Tame,      // many, up to 2: for random bodies
  Special,   // NaN and infinities among them
};

struct RowCase {
  TraceGraph graph;
  std::vector<std::int64_t> reduced, kept;  // sizes, innermost first
  RowValues values = RowValues::Counting;
  double tolerance = 0;       // of floats: relative, and absolute below 1
  int pad = 0;                // elements between two rows
  int offset = 0;             // elements that tensors begin behind an aligned address
  int apart = 0;              // more of them than those of the tensor before
  int stride = 1;             // between two elements of a row
  bool is_reordered = false;  // several reduced dimensions do not follow each other in memory
  bool is_across = false;     // neighbours in memory are elements of neighbouring rows
  // The first operand varies along the kept dimensions but the first, others along those but the second.
  bool is_product = false;
  CudaTarget target{};
  int processors = 0;  // on which blocks walk over the rows, for sums over all of them; 0: those of the target
};

// What one call of an op traces to: with tensors of these dtypes, or all of one; with `absent` of the operands that may
// be left out.
TraceGraph row_trace(const OpDef& op, const std::vector<DType>& dtypes, std::size_t absent = 0);

// The gradient of the operands `wanted`, derived from the op's definition; what it reads of rows is in the compute
// dtype.
TraceGraph gradient_trace(const OpDef& op, DType dtype, PositionSet wanted);

// The layout that the case gets.
Layout layout_of(const RowCase& test);

// Runs all cases (one host compile), checks the results, and that nothing else was written. Gives the bytes of the
// results of each case, row by row. The values of a row follow from its number alone.
std::vector<std::vector<std::byte>> check_rows_on_host(const std::vector<RowCase>& cases, std::uint32_t seed);

}  // namespace gems::test
