// Tracer: turns the operations of a running body into trace nodes, settles their dtypes and checks them.
#include "gems/dsl/tracer.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common_dtype.h"
#include "gems/dsl/error.h"
#include "literal.h"
#include "node_extent.h"

namespace gems {

using dsl::Expr;

namespace {

Extent extent_of(OperandKind kind) {
  switch (kind) {
    case OperandKind::Row:
      return Extent::Row;
    case OperandKind::Column:
      return Extent::Column;
    default:
      return Extent::Element;
  }
}

}  // namespace

Tracer::Tracer(const OpDef& op, std::span<const CallOperand> operands, const ResolvedTypes& types,
               std::span<const DType> result_dtypes)
    : op_(op), types_(types), result_dtypes_(result_dtypes) {
  graph_.op = op.name;
  graph_.file = op.file;
  graph_.line = op.line;
  graph_.is_rowwise = op.is_rowwise;
  // All operands become nodes here, in their order: the order in which the body's parameters are made is unspecified.
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const OperandDef& def = op.operands[i];
    if (def.kind == OperandKind::Flag) {
      const bool given = operands[i].flag.kind != FlagValue::Kind::None;
      flags_.push_back(given ? operands[i].flag : def.default_flag.value_or(FlagValue()));
      operand_nodes_.push_back(-1);
      continue;
    }
    flags_.emplace_back();
    if (operands[i].kind == CallOperand::Kind::Absent) {
      operand_nodes_.push_back(-1);
      continue;
    }
    const DType compute = types.operand_compute[i];
    const bool is_number = operands[i].is_number();
    TraceNode node{.op = ScalarOp::Operand, .dtype = compute};
    node.operand = static_cast<std::int32_t>(graph_.operands.size());
    graph_.operands.push_back({.name = std::string(def.name),
                               .form = is_number ? OperandForm::Number : OperandForm::Tensor,
                               .storage = is_number ? compute : operands[i].dtype,
                               .compute = compute,
                               .position = static_cast<std::int32_t>(i),
                               .extent = extent_of(def.kind)});
    operand_nodes_.push_back(push(node).node_);
  }
}

template <>
dsl::Tensor Tracer::argument<dsl::Tensor>(std::size_t position) {
  return {this, operand_nodes_[position]};
}
template <>
dsl::Scalar Tracer::argument<dsl::Scalar>(std::size_t position) {
  return {this, operand_nodes_[position]};
}
template <>
dsl::Flag Tracer::argument<dsl::Flag>(std::size_t position) {
  return dsl::Flag(flags_[position]);
}
template <>
dsl::Row Tracer::argument<dsl::Row>(std::size_t position) {
  return {this, operand_nodes_[position]};
}
template <>
dsl::Column Tracer::argument<dsl::Column>(std::size_t position) {
  return {this, operand_nodes_[position]};
}
#define GEMS_OPTIONAL_ARGUMENT(T)                                                       \
  template <>                                                                           \
  dsl::Optional<dsl::T> Tracer::argument<dsl::Optional<dsl::T>>(std::size_t position) { \
    if (operand_nodes_[position] < 0) return {this, position};                          \
    return dsl::Optional<dsl::T>(dsl::T(this, operand_nodes_[position]));               \
  }
GEMS_OPTIONAL_ARGUMENT(Tensor)
GEMS_OPTIONAL_ARGUMENT(Scalar)
GEMS_OPTIONAL_ARGUMENT(Row)
GEMS_OPTIONAL_ARGUMENT(Column)
#undef GEMS_OPTIONAL_ARGUMENT

void Tracer::add_result(const Expr& value) { append_result(value, false); }
void Tracer::add_column_sum(const Expr& value) { append_result(value, true); }

void Tracer::append_result(const Expr& value, bool is_column_sum) {
  if (is_column_sum && extent(value) != Extent::Element)
    fail(
        fmt::format("column_sum of {}, which does not vary along {}: return the value itself, or multiply it by what "
                    "varies from element to element first",
                    describe(value), varies_along_columns(extent(value)) ? "rows" : "columns"));
  const std::size_t index = graph_.results.size();
  const DType promoted = types_.result[index];
  int node = value.is_literal() ? materialize(value, literal_dtype({&value, 1}, index)) : value.node_;
  if (result_dtypes_[index] != promoted) node = append_cast(Expr(this, node), promoted).node_;
  const std::string name = op_.result_count() == 1 ? "out" : fmt::format("out{}", index);
  graph_.results.push_back({.name = name, .node = node, .dtype = result_dtypes_[index]});
  if (is_column_sum)
    graph_.results.back().extent = Extent::Column;
  else if (op_.is_rowwise && !varies_along_columns(extents_[static_cast<std::size_t>(node)]))
    graph_.results.back().extent = Extent::Row;
}

Expr Tracer::append_reduce(ReduceOp op, int part, const Expr& x, std::string_view function) {
  require_along_row(function, x);
  if (!contains(domain(op), dtype(x)))
    fail(fmt::format("{} takes {}, given {}; promote it to another type in .promotion_methods, or cast it", function,
                     text(domain(op)), describe(x)));
  TraceNode node{.op = ScalarOp::Reduce, .dtype = part_dtype(op, part, dtype(x))};
  node.args[0] = x.node_;
  node.reduce = op;
  node.part = static_cast<std::int8_t>(part);
  return push(node);
}

Expr Tracer::append_pick(const Expr& x, const Expr& index) {
  require_along_row("pick", x);
  const DType index_dtype = index.is_literal() ? literal_value(index).dtype : dtype(index);
  if (!is_integer(index_dtype))
    fail(fmt::format("pick of {} at {}: an index is an integer; cast it", describe(x), describe(index)));
  if (varies_along_columns(extent(index)))
    fail(
        fmt::format("pick of {} at {}, which varies along the row: a row is picked from at one index; declare it as "
                    "Row, or reduce it",
                    describe(x), describe(index)));
  TraceNode node{.op = ScalarOp::Pick, .dtype = dtype(x)};
  node.args[0] = x.node_;
  node.args[1] = materialize(index, DType::I64);
  return push(node);
}

Expr Tracer::append_of_row(ScalarOp op) {
  require_rowwise(name(op));
  return push({.op = op, .dtype = DType::I64});
}

Expr Tracer::append_round_to_result(const Expr& x, std::size_t index) {
  if (index >= result_dtypes_.size())
    fail(fmt::format("round_to_result of {} to result {}: the op has {} results; give the number of one, from 0",
                     describe(x), index, result_dtypes_.size()));
  return append_cast(append_cast(x, result_dtypes_[index]), dtype(x));
}

void Tracer::require_along_row(std::string_view function, const Expr& x) const {
  require_rowwise(function);
  if (!varies_along_columns(extent(x)))
    fail(fmt::format("{} of {}, which is one value for a whole {}: it takes what varies along the row", function,
                     describe(x), name(extent(x))));
}

void Tracer::refuse_absent(std::size_t position) const {
  fail(fmt::format("{} is read, and the call leaves it out: branch on it, as in `y ? x * *y : x`",
                   describe_operand(op_, static_cast<int>(position))));
}

void Tracer::require_rowwise(std::string_view what) const {
  if (!op_.is_rowwise) fail(fmt::format("{} in a pointwise op, which has no rows: define it with rowwise()", what));
}

Extent Tracer::extent(const Expr& x) const {
  return x.is_literal() ? Extent::Call : extents_[static_cast<std::size_t>(x.node_)];
}

Expr Tracer::append(ScalarOp op, std::span<const Expr> args) {
  for (const Expr& arg : args)
    if (arg.tracer_ && arg.tracer_ != this)
      fail(fmt::format("{} meets a value of another run of the body; keep no traced value outside it", name(op)));

  TraceNode node{.op = op, .dtype = DType::Bool};
  std::span<const Expr> values = args;
  std::size_t at = 0;
  if (op == ScalarOp::Select) {
    node.args[at++] = materialize(args[0], DType::Bool);
    values = args.subspan(1);
  }
  const DType dtype = meet(op, values);
  const auto traced = std::ranges::find_if(values, [](const Expr& x) { return !x.is_literal(); });
  if (!contains(domain(op), dtype)) {
    fail(fmt::format("{} takes {}, given {}; promote it to another type in .promotion_methods, or cast it", name(op),
                     text(domain(op)), describe(*traced)));
  }
  const auto context = [&] {
    return traced == values.end() ? std::string() : fmt::format("{} with {}: ", name(op), describe(*traced));
  };
  for (const Expr& value : values)
    node.args[at++] = materialize(value, dtype, value.is_literal() ? context() : std::string());
  node.dtype = value_dtype(op, dtype);
  return push(node);
}

Expr Tracer::append_cast(const Expr& x, DType to) {
  if (dtype(x) == to) return x;
  TraceNode node{.op = ScalarOp::Cast, .dtype = to};
  node.args[0] = x.node_;
  return push(node);
}

Expr Tracer::append_bit_cast(const Expr& x, DType to) {
  const DType from = dtype(x);
  for (const DType each : {from, to})
    if (!contains(domain(ScalarOp::BitCast), each))
      fail(fmt::format("bit_cast of {} to {}: it takes {}; cast to one of them", describe(x), name(to),
                       text(domain(ScalarOp::BitCast))));
  if (size_bytes(from) != size_bytes(to))
    fail(fmt::format("bit_cast of {} to {}: {} bytes are not {}; cast to a type of that size first", describe(x),
                     name(to), size_bytes(from), size_bytes(to)));
  if (from == to) return x;
  TraceNode node{.op = ScalarOp::BitCast, .dtype = to};
  node.args[0] = x.node_;
  return push(node);
}

DType Tracer::dtype(const Expr& x) const { return graph_.nodes[static_cast<std::size_t>(x.node_)].dtype; }

TraceGraph Tracer::take() && { return std::move(graph_); }

Expr Tracer::push(TraceNode node) {
  graph_.nodes.push_back(node);
  extents_.push_back(extent_of(node, graph_.operands, extents_));
  return {this, static_cast<int>(graph_.nodes.size()) - 1};
}

int Tracer::materialize(const Expr& x, DType to, const std::string& context) {
  if (!x.is_literal()) return append_cast(x, to).node_;
  TraceNode node{.op = ScalarOp::Literal, .dtype = to};
  try {
    node.constant = fit_literal(literal_value(x), to);
  } catch (const Error& error) {
    fail(fmt::format("{}{}", context, error.what()));
  }
  return push(node).node_;
}

DType Tracer::meet(ScalarOp op, std::span<const Expr> values) const {
  std::optional<DType> met;
  const Expr* first = nullptr;
  for (const Expr& value : values) {
    if (value.is_literal()) continue;
    const std::optional<DType> joined = met ? common_dtype(*met, dtype(value)) : dtype(value);
    if (!joined)
      fail(fmt::format("{} of {} and {}: they have no common type; cast one of them", name(op), describe(*first),
                       describe(value)));
    met = joined;
    if (!first) first = &value;
  }
  return met ? *met : literal_dtype(values, 0);
}

DType Tracer::literal_dtype(std::span<const Expr> literals, std::size_t result) const {
  const bool all_bool =
      std::ranges::all_of(literals, [](const Expr& x) { return x.literal_category_ == Category::Bool; });
  return all_bool ? DType::Bool : types_.result_compute[result];
}

Element Tracer::literal_value(const Expr& x) {
  const Constant& literal = x.literal_;
  switch (x.literal_category_) {
    case Category::Bool:
      return {.dtype = DType::Bool, .integer = literal.integer};
    case Category::Integer:
      // An unsigned literal above the range of i64 has wrapped in `integer`, but not in `real`.
      return {.dtype = literal.integer < 0 && literal.real > 0 ? DType::U64 : DType::I64, .integer = literal.integer};
    case Category::Float:
      return {.dtype = DType::F64, .value = literal.real};
    case Category::Complex:
      return {.dtype = DType::C128, .value = {literal.real, literal.imag}};
  }
  return {};
}

Expr Tracer::literal(const Element& value) {
  Expr x(false);
  x.literal_category_ = category(value.dtype);
  if (is_integral(value.dtype)) {
    const auto bits = static_cast<std::uint64_t>(value.integer);
    x.literal_ = {value.integer,
                  is_signed(value.dtype) ? static_cast<double>(value.integer) : static_cast<double>(bits)};
  } else {
    x.literal_ = {0, value.value.real(), value.value.imag()};
  }
  return x;
}

std::string Tracer::describe(const Expr& x) const {
  if (x.is_literal()) return fmt::format("the literal {}", literal_text(literal_value(x)));
  const TraceNode& node = graph_.nodes[static_cast<std::size_t>(x.node_)];
  if (node.op != ScalarOp::Operand) return fmt::format("a {} of dtype {}", name(node.op), name(node.dtype));
  const TraceOperand& operand = graph_.operands[static_cast<std::size_t>(node.operand)];
  return fmt::format("{} of dtype {}", describe_operand(op_, operand.position), name(node.dtype));
}

void Tracer::fail(const std::string& text) const {
  throw Error(fmt::format("op '{}' ({}:{}): {}", op_.name, op_.file, op_.line, text));
}

}  // namespace gems
