// Builds a TraceGraph node by node: equal nodes are one, what is certain is folded, what no result needs is dropped.
#pragma once

#include <initializer_list>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "gems/dsl/trace.h"

namespace gems {

class GraphBuilder;

// A node of a graph that is being built.
struct Value {
  GraphBuilder* graph = nullptr;
  int node = -1;
  explicit operator bool() const { return graph != nullptr; }
  bool operator==(const Value&) const = default;
  DType dtype() const;
  Extent extent() const;
};

class GraphBuilder {
 public:
  Value operand(TraceOperand operand);
  // Complex: the number is the real part.
  Value literal(DType dtype, double value);
  Value constant(DType dtype, const Constant& value);
  // The arguments have the dtypes that op takes; `dtype` is that of its value.
  Value apply(ScalarOp op, DType dtype, std::initializer_list<Value> args) {
    return apply(op, dtype, {args.begin(), args.size()});
  }
  Value apply(ScalarOp op, DType dtype, std::span<const Value> args);
  // A part of the reduction of a row.
  Value reduce(ReduceOp op, int part, Value x);
  // ScalarOp::RowIndex or RowLength.
  Value of_row(ScalarOp op) { return add({.op = op, .dtype = DType::I64}); }
  // The operation of a node on other arguments. Not of operands and literals.
  Value repeat(TraceNode node, std::span<const Value> args);

  const TraceNode& node(int index) const { return nodes_[static_cast<std::size_t>(index)]; }
  Value argument(int index, int position) { return {this, node(index).args[static_cast<std::size_t>(position)]}; }
  Extent extent(int index) const { return extents_[static_cast<std::size_t>(index)]; }
  int size() const { return static_cast<int>(nodes_.size()); }
  bool is_literal(Value value, double number) const;

  // For each operand, in the order in which they were added: whether a result depends on it.
  std::vector<bool> used_operands(std::span<const int> results) const;
  // The graph of these results, with the operands at `kept` in their order there. All that the results depend on must
  // be among them. Names and results are left to the caller, whose result nodes are renumbered.
  TraceGraph take(std::span<const int> kept, std::span<int> results) const;

 private:
  using Key = std::tuple<ScalarOp, DType, std::array<std::int32_t, 3>, std::int32_t, std::int64_t, std::uint64_t,
                         std::uint64_t, ReduceOp, std::int8_t>;
  Value add(const TraceNode& node);
  // The value of op on these arguments if no node is needed for it, else none.
  Value simplified(ScalarOp op, DType dtype, std::span<const Value> args);
  Value folded(ScalarOp op, DType dtype, std::span<const Value> args);
  std::vector<bool> live(std::span<const int> results) const;

  std::vector<TraceOperand> operands_;
  std::vector<TraceNode> nodes_;
  std::vector<Extent> extents_;  // of the nodes
  std::map<Key, int> known_;
};

// Both of one dtype; a number takes that of the value beside it.
Value operator+(Value a, Value b);
Value operator-(Value a, Value b);
Value operator*(Value a, Value b);
Value operator/(Value a, Value b);
Value operator+(Value a, double b);
Value operator*(Value a, double b);
Value operator-(Value a);
// op on values of one dtype, whose value has that dtype.
Value apply(ScalarOp op, Value a);
Value apply(ScalarOp op, Value a, Value b);
// a * b + c in one rounding, where the dtype has such an operation.
Value multiply_add(Value a, Value b, Value c);
// A truth value.
Value compare(ScalarOp op, Value a, Value b);
Value select(Value condition, Value if_true, Value if_false);
Value cast(Value x, DType to);
Value conj(Value x);
Value real(Value x);
Value imag(Value x);
Value complex(Value re, Value im);
// A number in the dtype of another value.
Value like(Value x, double number);
// The sum of the row, with the value taken as often as the row has elements where it does not vary along it. Factors
// that are one for the row are multiplied with the sum.
Value row_sum(Value x);
// The number of a row's elements, in the dtype of another value.
Value row_length(Value like);

}  // namespace gems
