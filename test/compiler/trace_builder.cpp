// Traces written by hand.
#include "trace_builder.h"

#include "gems/dsl/domain.h"

namespace gems::test {
namespace {

enum class ResultRule { Same, Bool, RealPart, ComplexOf, Given };

struct Row {
  Domain domain;
  ResultRule result;
};
constexpr Row rows[] = {
#define GEMS_SCALAR_OP(Name, text, arity, domain, result, cost) {Domain::domain, ResultRule::result},
#include "gems/dsl/scalar_ops.def"
};

const Row& row(ScalarOp op) { return rows[static_cast<std::size_t>(op)]; }

}  // namespace

TraceBuilder::TraceBuilder(std::string op) { graph_.op = std::move(op); }

int TraceBuilder::operand(const std::string& name, OperandForm form, DType storage, DType compute) {
  const auto position = static_cast<std::int32_t>(graph_.operands.size());
  graph_.operands.push_back({name, form, storage, compute, position});
  TraceNode node{.op = ScalarOp::Operand, .dtype = compute};
  node.operand = position;
  graph_.nodes.push_back(node);
  return static_cast<int>(graph_.nodes.size()) - 1;
}

int TraceBuilder::tensor(const std::string& name, DType storage, DType compute) {
  return operand(name, OperandForm::Tensor, storage, compute);
}

int TraceBuilder::number(const std::string& name, DType dtype) {
  return operand(name, OperandForm::Number, dtype, dtype);
}

int TraceBuilder::literal(DType dtype, double value) {
  TraceNode node{.op = ScalarOp::Literal, .dtype = dtype};
  if (is_integral(dtype))
    node.constant.integer = static_cast<std::int64_t>(value);
  else
    node.constant.real = value;
  graph_.nodes.push_back(node);
  return static_cast<int>(graph_.nodes.size()) - 1;
}

int TraceBuilder::cast(int x, DType to) { return convert(ScalarOp::Cast, x, to); }
int TraceBuilder::bit_cast(int x, DType to) { return convert(ScalarOp::BitCast, x, to); }

int TraceBuilder::convert(ScalarOp op, int x, DType to) {
  TraceNode node{.op = op, .dtype = to};
  node.args[0] = x;
  graph_.nodes.push_back(node);
  return static_cast<int>(graph_.nodes.size()) - 1;
}

int TraceBuilder::add(ScalarOp op, const std::vector<int>& args) {
  TraceNode node{.op = op, .dtype = result_dtype(op, dtype(args.back()))};
  for (std::size_t i = 0; i < args.size(); ++i) node.args[i] = args[i];
  graph_.nodes.push_back(node);
  return static_cast<int>(graph_.nodes.size()) - 1;
}

void TraceBuilder::result(int node, DType dtype) {
  graph_.results.push_back({"out" + std::to_string(graph_.results.size()), node, dtype});
}

TraceGraph TraceBuilder::take() {
  if (graph_.results.size() == 1) graph_.results[0].name = "out";
  return std::move(graph_);
}

DType result_dtype(ScalarOp op, DType dtype) {
  switch (row(op).result) {
    case ResultRule::Bool:
      return DType::Bool;
    case ResultRule::RealPart:
      return real_of(dtype);
    case ResultRule::ComplexOf:
      return complex_of(dtype);
    default:
      return dtype;
  }
}

bool is_defined(ScalarOp op, DType dtype) {
  // No shifts of bool that anyone asks for.
  if (is_bool(dtype) && (op == ScalarOp::Shl || op == ScalarOp::Shr)) return false;
  return contains(row(op).domain, dtype);
}

TraceGraph single_op(ScalarOp op, DType dtype) {
  static const char* const names[] = {"x", "y", "z"};
  TraceBuilder trace(std::string(name(op)));
  std::vector<int> args;
  for (int i = 0; i < arity(op); ++i)
    args.push_back(trace.tensor(names[i], op == ScalarOp::Select && i == 0 ? DType::Bool : dtype));
  trace.result(trace.add(op, args));
  return trace.take();
}

std::vector<ScalarOp> all_scalar_ops() {
  std::vector<ScalarOp> ops;
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const auto op = static_cast<ScalarOp>(i);
    if (row(op).result != ResultRule::Given) ops.push_back(op);
  }
  return ops;
}

std::vector<TraceGraph> all_bit_casts() {
  std::vector<TraceGraph> graphs;
  for (std::size_t from = 0; from < DTypeCount; ++from)
    for (std::size_t to = 0; to < DTypeCount; ++to) {
      const auto source = static_cast<DType>(from), target = static_cast<DType>(to);
      if (!is_defined(ScalarOp::BitCast, source) || !is_defined(ScalarOp::BitCast, target) ||
          size_bytes(source) != size_bytes(target))
        continue;
      TraceBuilder trace("bits");
      const int x = trace.tensor("x", source);
      int bits = trace.bit_cast(x, target);
      if (is_float(source))
        bits = trace.add(ScalarOp::Select, {trace.add(ScalarOp::IsNan, {x}), trace.tensor("y", target), bits});
      trace.result(bits);
      graphs.push_back(trace.take());
    }
  return graphs;
}

TraceGraph scaled_sum(DType x, DType y, DType result) {
  TraceBuilder trace("scaled_sum");
  const DType compute = opmath_of(result);
  const int a = trace.tensor("x", x, compute);
  const int b = trace.tensor("y", y, compute);
  const int alpha = trace.number("alpha", compute);
  trace.result(trace.add(ScalarOp::Add, {a, trace.add(ScalarOp::Mul, {alpha, b})}), result);
  return trace.take();
}

}  // namespace gems::test
