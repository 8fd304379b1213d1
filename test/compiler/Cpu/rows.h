// Runs a rowwise CPU kernel on a table of rows and columns.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gems/compiler/cpu.h"
#include "gems/dsl/element.h"
#include "gems/dsl/trace.h"

namespace gems::test {

struct TableSize {
  std::int64_t rows = 1, columns = 1;
};

// The layout of dense tables, row by row, or (Columns) column by column.
CpuLayout dense_rows(const TraceGraph& graph, CpuWalk walk);

// Elements of each operand of the trace, as interpret_rows takes them.
std::vector<std::vector<Element>> random_operands(const TraceGraph& graph, TableSize size, std::mt19937& random,
                                                  bool tame);

// What the kernel makes of dense tables; the bytes of each result, row by row. Rows and pieces are called one by one
// where `singly`, else as many in a call as it may have. Sums over all rows are those of two parts of the rows.
std::vector<std::vector<char>> run_rows(CpuRowKernel kernel, const TraceGraph& graph, const CpuLayout& layout,
                                        const std::vector<std::vector<Element>>& operands, TableSize size,
                                        bool singly = false);

// The first result that differs from interpret_rows', by more than `relative` of the largest of what a row sums.
std::string row_difference(const TraceGraph& graph, const std::vector<std::vector<Element>>& operands,
                           const std::vector<std::vector<char>>& results, TableSize size, double relative);

}  // namespace gems::test
