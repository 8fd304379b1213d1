// Equal nodes are found by their fields; rewrites are only those that change no bit of any result.
#include "graph_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <utility>

#include "evaluate.h"
#include "gems/dsl/error.h"
#include "node_extent.h"

namespace gems {
namespace {

bool is_commutative(ScalarOp op) { return op == ScalarOp::Add || op == ScalarOp::Mul; }

}  // namespace

DType Value::dtype() const { return graph->node(node).dtype; }
Extent Value::extent() const { return graph->extent(node); }

Value GraphBuilder::operand(TraceOperand operand) {
  TraceNode node{.op = ScalarOp::Operand, .dtype = operand.compute};
  node.operand = static_cast<std::int32_t>(operands_.size());
  operands_.push_back(std::move(operand));
  return add(node);
}

Value GraphBuilder::literal(DType dtype, double value) {
  return is_integral(dtype)
             ? constant(dtype, {static_cast<std::int64_t>(value), 0, 0})
             : constant(dtype, {0, cast_element({.dtype = DType::F64, .value = value}, dtype).value.real(), 0});
}

Value GraphBuilder::constant(DType dtype, const Constant& value) {
  return add({.op = ScalarOp::Literal, .dtype = dtype, .constant = value});
}

bool GraphBuilder::is_literal(Value value, double number) const {
  const TraceNode& of = node(value.node);
  if (of.op != ScalarOp::Literal) return false;
  if (is_integral(of.dtype)) return static_cast<double>(of.constant.integer) == number;
  return of.constant.real == number && of.constant.imag == 0;
}

Value GraphBuilder::apply(ScalarOp op, DType dtype, std::span<const Value> args) {
  if (const Value known = simplified(op, dtype, args)) return known;
  TraceNode node{.op = op, .dtype = dtype};
  for (std::size_t i = 0; i < args.size(); ++i) node.args[i] = args[i].node;
  return add(node);
}

Value GraphBuilder::reduce(ReduceOp op, int part, Value x) {
  TraceNode node{.op = ScalarOp::Reduce, .dtype = part_dtype(op, part, x.dtype())};
  node.args[0] = x.node;
  node.reduce = op;
  node.part = static_cast<std::int8_t>(part);
  return add(node);
}

Value GraphBuilder::repeat(TraceNode node, std::span<const Value> args) {
  if (!is_rowwise(node.op)) return apply(node.op, node.dtype, args);
  for (std::size_t i = 0; i < args.size(); ++i) node.args[i] = args[i].node;
  return add(node);
}

Value GraphBuilder::add(const TraceNode& node) {
  const auto key_of = [&](std::array<std::int32_t, 3> args) {
    return Key{node.op,
               node.dtype,
               args,
               node.operand,
               node.constant.integer,
               std::bit_cast<std::uint64_t>(node.constant.real),
               std::bit_cast<std::uint64_t>(node.constant.imag),
               node.reduce,
               node.part};
  };
  if (const auto found = known_.find(key_of(node.args)); found != known_.end()) return {this, found->second};
  if (is_commutative(node.op))
    if (const auto found = known_.find(key_of({node.args[1], node.args[0], -1})); found != known_.end())
      return {this, found->second};
  nodes_.push_back(node);
  extents_.push_back(extent_of(node, operands_, extents_));
  return {this, known_[key_of(node.args)] = size() - 1};
}

Value GraphBuilder::simplified(ScalarOp op, DType dtype, std::span<const Value> args) {
  const TraceNode first = node(args[0].node);
  switch (op) {
    case ScalarOp::Cast:
      if (first.dtype == dtype) return args[0];
      break;
    case ScalarOp::Neg:
    case ScalarOp::Conj:
      if (first.op == op) return argument(args[0].node, 0);
      break;
    case ScalarOp::Mul:
      for (const std::size_t i : {0, 1}) {
        if (is_literal(args[i], 1)) return args[1 - i];
        if (is_literal(args[i], -1)) return apply(ScalarOp::Neg, dtype, {args[1 - i]});
      }
      break;
    case ScalarOp::Div:
    case ScalarOp::Pow:
      if (is_literal(args[1], 1)) return args[0];
      break;
    case ScalarOp::Select:
      if (first.op == ScalarOp::Literal) return first.constant.integer != 0 ? args[1] : args[2];
      if (args[1] == args[2]) return args[1];
      break;
    default:
      break;
  }
  return folded(op, dtype, args);
}

Value GraphBuilder::folded(ScalarOp op, DType dtype, std::span<const Value> args) {
  std::array<Element, 3> elements;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const TraceNode& of = node(args[i].node);
    if (of.op != ScalarOp::Literal) return {};
    elements[i] = {of.dtype, of.constant.integer, {of.constant.real, of.constant.imag}};
  }
  const Element value = evaluate(op, dtype, std::span(elements).first(args.size()));
  return constant(dtype, {value.integer, value.value.real(), value.value.imag()});
}

std::vector<bool> GraphBuilder::live(std::span<const int> results) const {
  std::vector<bool> needed(nodes_.size());
  for (const int result : results) needed[static_cast<std::size_t>(result)] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const std::int32_t arg : nodes_[i].args)
      if (arg >= 0) needed[static_cast<std::size_t>(arg)] = true;
  }
  return needed;
}

std::vector<bool> GraphBuilder::used_operands(std::span<const int> results) const {
  std::vector<bool> used(operands_.size());
  const std::vector<bool> needed = live(results);
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (needed[i] && nodes_[i].op == ScalarOp::Operand) used[static_cast<std::size_t>(nodes_[i].operand)] = true;
  return used;
}

TraceGraph GraphBuilder::take(std::span<const int> kept, std::span<int> results) const {
  TraceGraph graph;
  std::vector<std::int32_t> place(operands_.size(), -1);
  for (const int operand : kept) {
    place[static_cast<std::size_t>(operand)] = static_cast<std::int32_t>(graph.operands.size());
    graph.operands.push_back(operands_[static_cast<std::size_t>(operand)]);
  }
  // Every operand has a node, as in the trace of a body, and those come first.
  std::vector<std::int32_t> renumbered(nodes_.size(), -1);
  for (const TraceOperand& operand : graph.operands) {
    TraceNode node{.op = ScalarOp::Operand, .dtype = operand.compute};
    node.operand = static_cast<std::int32_t>(graph.nodes.size());
    graph.nodes.push_back(node);
  }
  const std::vector<bool> needed = live(results);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!needed[i]) continue;
    TraceNode node = nodes_[i];
    if (node.op == ScalarOp::Operand) {
      renumbered[i] = place[static_cast<std::size_t>(node.operand)];
      if (renumbered[i] < 0)
        throw Error("the derivative needs operand '" + operands_[static_cast<std::size_t>(node.operand)].name +
                    "' for these dtypes, which it does without for others");
      continue;
    }
    for (std::int32_t& arg : node.args)
      if (arg >= 0) arg = renumbered[static_cast<std::size_t>(arg)];
    renumbered[i] = static_cast<std::int32_t>(graph.nodes.size());
    graph.nodes.push_back(node);
  }
  for (int& result : results) result = renumbered[static_cast<std::size_t>(result)];
  return graph;
}

Value operator+(Value a, Value b) { return a.graph->apply(ScalarOp::Add, a.dtype(), {a, b}); }
Value operator-(Value a, Value b) { return a.graph->apply(ScalarOp::Sub, a.dtype(), {a, b}); }
Value operator*(Value a, Value b) { return a.graph->apply(ScalarOp::Mul, a.dtype(), {a, b}); }
Value operator/(Value a, Value b) { return a.graph->apply(ScalarOp::Div, a.dtype(), {a, b}); }
Value operator+(Value a, double b) { return a + like(a, b); }
Value operator*(Value a, double b) { return a * like(a, b); }
Value operator-(Value a) { return apply(ScalarOp::Neg, a); }
Value apply(ScalarOp op, Value a) { return a.graph->apply(op, a.dtype(), {a}); }
Value apply(ScalarOp op, Value a, Value b) { return a.graph->apply(op, a.dtype(), {a, b}); }
Value multiply_add(Value a, Value b, Value c) {
  if (!is_float(c.dtype())) return a * b + c;
  return c.graph->apply(ScalarOp::Fma, c.dtype(), {a, b, c});
}
Value compare(ScalarOp op, Value a, Value b) { return a.graph->apply(op, DType::Bool, {a, b}); }
Value select(Value condition, Value if_true, Value if_false) {
  return if_true.graph->apply(ScalarOp::Select, if_true.dtype(), {condition, if_true, if_false});
}
Value cast(Value x, DType to) { return x.graph->apply(ScalarOp::Cast, to, {x}); }
Value conj(Value x) { return is_complex(x.dtype()) ? apply(ScalarOp::Conj, x) : x; }
Value real(Value x) { return x.graph->apply(ScalarOp::Real, real_of(x.dtype()), {x}); }
Value imag(Value x) { return x.graph->apply(ScalarOp::Imag, real_of(x.dtype()), {x}); }
Value complex(Value re, Value im) { return re.graph->apply(ScalarOp::Complex, complex_of(re.dtype()), {re, im}); }
Value like(Value x, double number) { return x.graph->literal(x.dtype(), number); }

Value row_length(Value like) { return cast(like.graph->of_row(ScalarOp::RowLength), like.dtype()); }

Value row_sum(Value x) {
  GraphBuilder& graph = *x.graph;
  if (!varies_along_columns(x.extent())) return x * row_length(x);
  const auto argument = [&](Value of, int i) { return graph.argument(of.node, i); };
  const auto is_of_row = [](Value value) { return !varies_along_columns(value.extent()); };
  const auto op_of = [&](Value of) { return graph.node(of.node).op; };
  if (op_of(x) == ScalarOp::Neg) return -row_sum(argument(x, 0));
  if (op_of(x) == ScalarOp::Div && is_of_row(argument(x, 1))) return row_sum(argument(x, 0)) / argument(x, 1);
  if (op_of(x) == ScalarOp::Mul) {
    for (const int i : {0, 1}) {
      const Value factor = argument(x, i), other = argument(x, 1 - i);
      if (is_of_row(factor)) return row_sum(other) * factor;
      if (op_of(factor) == ScalarOp::Neg) return -row_sum(argument(factor, 0) * other);
      if (op_of(factor) == ScalarOp::Div && is_of_row(argument(factor, 1)))
        return row_sum(argument(factor, 0) * other) / argument(factor, 1);
      if (op_of(factor) == ScalarOp::Mul)
        for (const int j : {0, 1})
          if (is_of_row(argument(factor, j))) return row_sum(argument(factor, 1 - j) * other) * argument(factor, j);
    }
  }
  return graph.reduce(ReduceOp::Sum, 0, x);
}

}  // namespace gems
