// The derivative of one call of an op, as a graph: the op's trace is replayed into a builder, then each node passes on
// what its results' gradients (from the last node to the first) or its arguments' tangents (from the first to the last)
// contribute, by derivatives.h.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "derivatives.h"
#include "gems/dsl/differentiate.h"
#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"
#include "graph_builder.h"

namespace gems {

// What is derived: of which op, in which direction, from what, for what.
struct Question {
  const OpDef& op;
  bool reverse;
  PositionSet incoming;  // reverse: results, forward: operands
  PositionSet wanted;    // reverse: operands, forward: results
  Ties ties;
};

// A result of the derived op.
struct DerivedResult {
  int node = -1;  // -1: zero
  bool sums_columns = false;
  bool operator==(const DerivedResult&) const = default;
};

class Derivation {
 public:
  // Of the builder's operands, which are all that a derived op could have (none that the call leaves out, no sum of
  // columns as a result that is kept), it may use few.
  Derivation(const Question& question, const TraceGraph& forward, std::span<const DerivedOperand> operands,
             std::span<const CallOperand> given, std::span<const std::string> names);

  // One for each position that is asked for.
  const std::vector<DerivedResult>& results() const { return results_; }
  GraphBuilder& graph() { return graph_; }

 private:
  // Of one node: a gradient of its extent, and what is still to be summed along the row.
  struct Gradient {
    Value sum;
    Value along_row;
  };

  std::array<Value, MaxOperands>& place(DerivedOperand::From from);
  const TraceOperand& forward_operand(int position) const;
  DType compute_of(const DerivedOperand& operand) const;
  Extent extent_of(const DerivedOperand& operand) const;
  std::optional<Value> logistic(const TraceNode& node, std::span<const Value> args);
  std::vector<Value> arguments(int node, std::span<const Value> of);
  void replay();
  void use_saved();
  Value result(std::size_t r) const { return values_[static_cast<std::size_t>(forward_.results[r].node)]; }
  Site site_of(int node);
  // Whether the node's value moves with what has a derivative here: the arguments for which `moves` holds.
  template <class Moves>
  bool passes(int node, int argument, const Moves& moves) const;
  void add_to(Value& sum, Value term);
  void contribute(int to, Extent from, Value term);
  Value total(int node);
  std::optional<Value> of_quotient(int node, Value gradient);
  std::optional<Value> of_exponentials(int node, const Site& site, Value gradient);
  void add_result(Value value, bool sums_columns);
  void pull_back();
  void push_forward();

  const Question& question_;
  const TraceGraph& forward_;
  GraphBuilder graph_;
  std::array<Value, MaxOperands> operands_{};
  std::array<Value, MaxOperands> incoming_{};
  std::array<Value, MaxOperands> saved_{};
  std::vector<Value> values_;  // of the op's own nodes
  int replayed_ = 0;           // the builder's nodes that stand for the op's own
  std::vector<Value> stored_;  // those, as what the op returned gives them
  std::vector<Gradient> gradients_;
  std::vector<DerivedResult> results_;
};

}  // namespace gems
