// Derivation: reverse and forward mode over the builder's nodes.
#include "derivation.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems {

using From = DerivedOperand::From;

namespace {

bool is_continuous(DType dtype) { return is_float(dtype) || is_complex(dtype); }

}  // namespace

Derivation::Derivation(const Question& question, const TraceGraph& forward, std::span<const DerivedOperand> operands,
                       std::span<const CallOperand> given, std::span<const std::string> names)
    : question_(question), forward_(forward) {
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const DType compute = compute_of(operands[i]);
    const bool is_number = given[i].is_number();
    const Value value = graph_.operand({.name = names[i],
                                        .form = is_number ? OperandForm::Number : OperandForm::Tensor,
                                        .storage = is_number ? compute : given[i].dtype,
                                        .compute = compute,
                                        .position = -1,
                                        .extent = extent_of(operands[i])});
    place(operands[i].from)[static_cast<std::size_t>(operands[i].index)] = value;
  }
  replay();
  use_saved();
  if (question.reverse)
    pull_back();
  else
    push_forward();
}

std::array<Value, MaxOperands>& Derivation::place(From from) {
  return from == From::Operand ? operands_ : from == From::Result ? saved_ : incoming_;
}

const TraceOperand& Derivation::forward_operand(int position) const {
  return *std::ranges::find(forward_.operands, position, &TraceOperand::position);
}

DType Derivation::compute_of(const DerivedOperand& operand) const {
  if (operand.from == From::Operand || (operand.from == From::Incoming && !question_.reverse))
    return forward_operand(operand.index).compute;
  const TraceResult& result = forward_.results[static_cast<std::size_t>(operand.index)];
  return forward_.nodes[static_cast<std::size_t>(result.node)].dtype;
}

Extent Derivation::extent_of(const DerivedOperand& operand) const {
  if (operand.from == From::Operand || (operand.from == From::Incoming && !question_.reverse))
    return forward_operand(operand.index).extent;
  return forward_.results[static_cast<std::size_t>(operand.index)].extent;
}

// The logistic function, written out: its derivative by the quotient's rule would be infinity times 0 where exp
// overflows.
std::optional<Value> Derivation::logistic(const TraceNode& node, std::span<const Value> args) {
  if (node.op != ScalarOp::Div || !is_continuous(node.dtype)) return std::nullopt;
  const TraceNode& sum = graph_.node(args[1].node);
  if (sum.op != ScalarOp::Add) return std::nullopt;
  for (const int i : {0, 1}) {
    const Value exponential = graph_.argument(args[1].node, i);
    if (!graph_.is_literal(graph_.argument(args[1].node, 1 - i), 1)) continue;
    if (graph_.node(exponential.node).op != ScalarOp::Exp) continue;
    return args[0] * apply(ScalarOp::Sigmoid, -graph_.argument(exponential.node, 0));
  }
  return std::nullopt;
}

void Derivation::replay() {
  for (const TraceNode& node : forward_.nodes) {
    if (node.op == ScalarOp::Operand) {
      const auto position = forward_.operands[static_cast<std::size_t>(node.operand)].position;
      values_.push_back(operands_[static_cast<std::size_t>(position)]);
    } else if (node.op == ScalarOp::Literal) {
      values_.push_back(graph_.constant(node.dtype, node.constant));
    } else {
      std::vector<Value> args;
      for (int i = 0; i < arity(node.op); ++i)
        args.push_back(values_[static_cast<std::size_t>(node.args[static_cast<std::size_t>(i)])]);
      const std::optional<Value> known = logistic(node, args);
      values_.push_back(known ? *known : graph_.repeat(node, args));
    }
  }
  replayed_ = graph_.size();
}

std::vector<Value> Derivation::arguments(int node, std::span<const Value> of) {
  std::vector<Value> args;
  for (int i = 0; i < arity(graph_.node(node).op); ++i)
    args.push_back(of[static_cast<std::size_t>(graph_.node(node).args[static_cast<std::size_t>(i)])]);
  return args;
}

// What the op returned takes the place of the nodes that computed it, and what is made of them is made of that.
void Derivation::use_saved() {
  for (int node = 0; node < replayed_; ++node) {
    Value value{&graph_, node};
    if (arity(graph_.node(node).op) > 0) {
      const std::vector<Value> args = arguments(node, stored_);
      bool differs = false;
      for (std::size_t i = 0; i < args.size(); ++i) differs = differs || args[i].node != graph_.node(node).args[i];
      if (differs) value = graph_.repeat(graph_.node(node), args);
      for (std::size_t r = 0; r < forward_.results.size(); ++r)
        if (saved_[r] && result(r).node == node) value = saved_[r];
    }
    stored_.push_back(value);
  }
}

Site Derivation::site_of(int node) {
  Site site{.args = {},
            .out = stored_[static_cast<std::size_t>(node)],
            .parts = {},
            .reverse = question_.reverse,
            .ties = question_.ties};
  std::ranges::copy(arguments(node, stored_), site.args.begin());
  const TraceNode of = graph_.node(node);
  if (of.op != ScalarOp::Reduce) return site;
  for (int part = 0; part < parts(of.reduce); ++part) {
    const int known = graph_.reduce(of.reduce, part, graph_.argument(node, 0)).node;
    site.parts[static_cast<std::size_t>(part)] =
        known < replayed_ ? stored_[static_cast<std::size_t>(known)] : graph_.reduce(of.reduce, part, site.a());
  }
  return site;
}

template <class Moves>
bool Derivation::passes(int node, int argument, const Moves& moves) const {
  const TraceNode& of = graph_.node(node);
  const int from = of.args[static_cast<std::size_t>(argument)];
  // A cast to integers is piecewise constant; a bit_cast to them is not, and has no derivative.
  const bool is_continuous_there = is_continuous(of.dtype) || of.op == ScalarOp::BitCast;
  return moves(from) && is_continuous_there && !is_constant_in(of, argument);
}

void Derivation::add_to(Value& sum, Value term) {
  if (!sum) {
    sum = term;
    return;
  }
  const auto product = [&](Value value) { return graph_.node(value.node).op == ScalarOp::Mul; };
  if (product(term))
    sum = multiply_add(graph_.argument(term.node, 0), graph_.argument(term.node, 1), sum);
  else if (product(sum))
    sum = multiply_add(graph_.argument(sum.node, 0), graph_.argument(sum.node, 1), term);
  else
    sum = sum + term;
}

// From a node of an extent to one of its arguments.
void Derivation::contribute(int to, Extent from, Value term) {
  Gradient& gradient = gradients_[static_cast<std::size_t>(to)];
  const bool is_of_elements = varies_along_columns(from) && !varies_along_columns(graph_.extent(to));
  add_to(is_of_elements ? gradient.along_row : gradient.sum, term);
}

Value Derivation::total(int node) {
  Gradient& gradient = gradients_[static_cast<std::size_t>(node)];
  if (gradient.along_row) add_to(gradient.sum, row_sum(gradient.along_row));
  gradient.along_row = {};
  return gradient.sum;
}

// exp(x) / s, where s is one for the row: the gradient of x by way of the quotient, which is often what the op
// returned. The argument of the exponential is what it belongs to.
std::optional<Value> Derivation::of_quotient(int node, Value gradient) {
  const Value numerator = graph_.argument(node, 0);
  if (graph_.node(node).op != ScalarOp::Div || graph_.node(numerator.node).op != ScalarOp::Exp ||
      varies_along_columns(graph_.argument(node, 1).extent()) || !varies_along_columns(numerator.extent()))
    return std::nullopt;
  return gradient * stored_[static_cast<std::size_t>(node)];
}

// The gradient q / sum of a sum of exponentials gives q * exp(x - maximum) / sum, which is softmax: the op may have
// that, or its logarithm, or the logarithm of the sum.
std::optional<Value> Derivation::of_exponentials(int node, const Site& site, Value gradient) {
  const TraceNode of = graph_.node(node);
  if (of.op != ScalarOp::Reduce || of.reduce != ReduceOp::ExpSum || of.part != 1) return std::nullopt;
  const bool is_negative = graph_.node(gradient.node).op == ScalarOp::Neg;
  if (is_negative) gradient = graph_.argument(gradient.node, 0);
  if (graph_.node(gradient.node).op != ScalarOp::Div || graph_.argument(gradient.node, 1) != site.parts[1])
    return std::nullopt;
  const Value numerator = graph_.argument(gradient.node, 0);
  const auto times = [&](Value softmax, Value q) { return softmax * (is_negative ? -q : q); };
  const Value x = graph_.argument(node, 0), maximum = graph_.reduce(ReduceOp::ExpSum, 0, x), sum{&graph_, node};
  const auto is = [&](Value value, ScalarOp op, Value a) {
    return graph_.node(value.node).op == op && graph_.argument(value.node, 0) == a;
  };
  const auto is_shifted = [&](Value value) {
    return is(value, ScalarOp::Sub, x) && graph_.argument(value.node, 1) == maximum;
  };
  const auto stored = [&](int of_node) { return stored_[static_cast<std::size_t>(of_node)]; };
  for (int i = 0; i < replayed_; ++i) {
    if (arity(graph_.node(i).op) != 2) continue;
    const Value value{&graph_, i}, first = graph_.argument(i, 0), second = graph_.argument(i, 1);
    if (graph_.node(i).op == ScalarOp::Div && second == sum && graph_.node(first.node).op == ScalarOp::Exp &&
        is_shifted(graph_.argument(first.node, 0)))
      return times(stored(i), numerator);
    if (!is(second, ScalarOp::Log, sum)) continue;
    if (is(value, ScalarOp::Sub, first) && is_shifted(first)) return times(apply(ScalarOp::Exp, stored(i)), numerator);
    if (!is(value, ScalarOp::Add, maximum)) continue;
    // row_logsumexp: the maximum itself where that is infinite. There the exponential is NaN or 0 whatever it is times.
    for (int j = i + 1; j < replayed_; ++j) {
      if (graph_.node(j).op != ScalarOp::Select || graph_.argument(j, 1) != maximum || graph_.argument(j, 2) != value)
        continue;
      const bool is_masked = is(numerator, ScalarOp::Select, stored(graph_.argument(j, 0).node)) &&
                             graph_.is_literal(graph_.argument(numerator.node, 1), 0);
      return times(apply(ScalarOp::Exp, site.a() - stored(j)),
                   is_masked ? graph_.argument(numerator.node, 2) : numerator);
    }
    return times(apply(ScalarOp::Exp, site.a() - stored(i)), numerator);
  }
  return std::nullopt;
}

void Derivation::pull_back() {
  std::vector<bool> moves(static_cast<std::size_t>(replayed_));
  for (std::size_t i = 0; i < MaxOperands; ++i)
    if (has(question_.wanted, i) && operands_[i] && is_continuous(operands_[i].dtype()))
      moves[static_cast<std::size_t>(operands_[i].node)] = true;
  const auto is_moving = [&](int node) { return bool{moves[static_cast<std::size_t>(node)]}; };
  for (int node = 0; node < replayed_; ++node)
    for (int i = 0; i < arity(graph_.node(node).op); ++i)
      if (passes(node, i, is_moving)) moves[static_cast<std::size_t>(node)] = true;

  gradients_.resize(static_cast<std::size_t>(replayed_));
  for (std::size_t r = 0; r < forward_.results.size(); ++r)
    if (incoming_[r] && is_continuous(result(r).dtype())) {
      const Extent extent = forward_.results[r].extent;
      contribute(result(r).node, extent == Extent::Column ? Extent::Element : extent, incoming_[r]);
    }
  for (int node = replayed_; node-- > 0;) {
    if (!is_moving(node)) continue;
    const Value gradient = total(node);
    const Site site = site_of(node);
    const TraceNode of = graph_.node(node);
    for (int i = 0; i < arity(of.op); ++i) {
      if (!passes(node, i, is_moving)) continue;
      if (of.op == ScalarOp::BitCast) propagate(of, i, site, site.out);
      if (!gradient) continue;
      int argument = of.args[static_cast<std::size_t>(i)];
      std::optional<Value> term = of_exponentials(node, site, gradient);
      if (!term && i == 0 && (term = of_quotient(node, gradient))) argument = graph_.node(argument).args[0];
      contribute(argument, graph_.extent(node), term ? *term : propagate(of, i, site, gradient));
    }
  }
  for (std::size_t i = 0; i < MaxOperands; ++i) {
    if (!has(question_.wanted, i)) continue;
    const bool sums_columns = question_.op.operands[i].kind == OperandKind::Column;
    add_result(operands_[i] ? total(operands_[i].node) : Value(), sums_columns);
  }
}

// A sum of columns takes what varies from element to element.
void Derivation::add_result(Value value, bool sums_columns) {
  if (value && sums_columns) {
    if (!varies_along_rows(value.extent()))
      throw Error(
          "it would add up what is the same in every row, which takes their number; multiply it by a value of the row");
    const Value index = graph_.of_row(ScalarOp::RowIndex);
    if (!varies_along_columns(value.extent()))
      value = select(compare(ScalarOp::Ge, index, like(index, 0)), value, like(value, 0));
  }
  results_.push_back({value ? value.node : -1, sums_columns});
}

void Derivation::push_forward() {
  std::vector<Value> tangents(static_cast<std::size_t>(replayed_));
  for (std::size_t i = 0; i < MaxOperands; ++i)
    if (incoming_[i] && is_continuous(operands_[i].dtype()))
      tangents[static_cast<std::size_t>(operands_[i].node)] = incoming_[i];
  const auto is_moving = [&](int node) { return bool{tangents[static_cast<std::size_t>(node)]}; };
  for (int node = 0; node < replayed_; ++node) {
    const Site site = site_of(node);
    const TraceNode of = graph_.node(node);
    for (int i = 0; i < arity(of.op); ++i) {
      if (!passes(node, i, is_moving)) continue;
      const int argument = of.args[static_cast<std::size_t>(i)];
      add_to(tangents[static_cast<std::size_t>(node)],
             propagate(of, i, site, tangents[static_cast<std::size_t>(argument)]));
    }
  }
  for (std::size_t r = 0; r < forward_.results.size(); ++r)
    if (has(question_.wanted, r))
      add_result(tangents[static_cast<std::size_t>(result(r).node)], forward_.results[r].extent == Extent::Column);
}

}  // namespace gems
