// Traces for tests of what reads traces: of the whole catalogue, and of bodies that nobody would write.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gems/dsl/element.h"
#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems::test {

// The call with every tensor of one dtype, numbers beside them and default flags, traced; nothing where the op refuses
// it.
std::optional<TraceGraph> uniform_trace(const OpDef& op, DType dtype);

// Every op of the catalogue with every dtype that it takes.
std::vector<TraceGraph> catalogue_traces();

// A body of some random operations, casts and literals on one to four random operands: the same one for the same seed.
TraceGraph random_trace(std::uint32_t seed);

// Every rowwise op of the catalogue with every dtype that it takes.
std::vector<TraceGraph> rowwise_catalogue_traces();

// A rowwise op with reductions in one to three sweeps, on a tensor and at most three more operands (tensors, rows,
// columns, a number, indices); one to three results of element and row extent, and column sums if asked for. Made to be
// compared with interpret_rows(): its floats are of moderate size, and only operands decide what is taken.
class RandomRowwiseOp final : public TraceSource {
 public:
  RandomRowwiseOp(std::uint32_t seed, DType dtype, bool sums_columns);
  RandomRowwiseOp(const RandomRowwiseOp&) = delete;
  TraceGraph trace(const OpDef& of, std::span<const CallOperand> given, const ResolvedTypes& types,
                   std::span<const DType> result_dtypes) const override;

  OpDef op;
  std::vector<CallOperand> operands;  // a call of it

 private:
  std::uint32_t seed_;
  bool sums_columns_;
};

// The call of such an op, of a dtype that is drawn, too.
TraceGraph random_rowwise_trace(std::uint32_t seed, bool sums_columns = false);

// Elements for interpret_rows() for each operand of such a trace, in its storage dtype; indices lie within a row.
std::vector<std::vector<Element>> random_tables(const TraceGraph& graph, std::size_t rows, std::size_t columns,
                                                std::uint32_t seed);

}  // namespace gems::test
