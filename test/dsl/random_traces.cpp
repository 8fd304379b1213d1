// Random bodies go through the expression surface, so that what they record is what a body can record.
#include "random_traces.h"

#include <array>
#include <random>
#include <span>

#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/ops/catalogue.h"

namespace gems::test {
namespace {

using dsl::Expr;

thread_local std::mt19937 generator;

std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(generator); }
DType random_dtype() { return static_cast<DType>(below(DTypeCount)); }

Expr random_literal() {
  switch (below(4)) {
    case 0:
      return below(2) == 0;
    case 1:
      return static_cast<int>(below(256)) - 128;
    case 2:
      return static_cast<double>(static_cast<int>(below(64)) - 32) / 8;
    default:
      return std::array{1e300, -0.0, 1e-310, 0.1}[below(4)];
  }
}

Expr random_value(std::span<const Expr> values) {
  return below(8) == 0 ? random_literal() : values[below(values.size())];
}

Expr random_step(std::span<const Expr> values) {
  constexpr std::size_t first = static_cast<std::size_t>(ScalarOp::Select) + 1;
  constexpr std::size_t behind_last = static_cast<std::size_t>(ScalarOp::Conj) + 1;
  const Expr& traced = values[below(values.size())];
  switch (below(6)) {
    case 0:
      return dsl::cast(traced, random_dtype());
    case 1:
      return dsl::bit_cast(traced, random_dtype());
    case 2:
      return dsl::select(traced, random_value(values), random_value(values));
    default:
      break;
  }
  const auto op = static_cast<ScalarOp>(first + below(behind_last - first));
  if (arity(op) == 1) return dsl::apply(op, traced);
  if (arity(op) == 2) return dsl::apply(op, traced, random_value(values));
  return dsl::apply(op, traced, random_value(values), random_value(values));
}

void random_body(Tracer& tracer, std::size_t operand_count) {
  std::vector<Expr> values;
  for (std::size_t i = 0; i < operand_count; ++i) values.push_back(tracer.argument<dsl::Tensor>(i));
  for (std::size_t steps = 4 + below(24); steps > 0; --steps) {
    try {
      const Expr value = random_step(values);
      if (!value.is_literal()) values.push_back(value);
    } catch (const Error&) {  // operands that the operation does not take
    }
  }
  tracer.add_result(0, values.back());
}

template <std::size_t Count>
void body_of(Tracer& tracer) {
  random_body(tracer, Count);
}
constexpr std::array bodies{&body_of<1>, &body_of<2>, &body_of<3>, &body_of<4>};
constexpr std::array<std::string_view, 4> names{"x", "y", "z", "w"};

}  // namespace

std::optional<TraceGraph> uniform_trace(const OpDef& op, DType dtype) {
  std::vector<CallOperand> operands;
  for (const OperandDef& operand : op.operands) {
    if (operand.kind == OperandKind::Tensor)
      operands.push_back({.kind = CallOperand::Kind::Tensor, .dtype = dtype});
    else if (operand.kind == OperandKind::Scalar)
      operands.push_back({.kind = CallOperand::Kind::Number, .dtype = is_integral(dtype) ? DType::I64 : DType::F64});
    else
      operands.push_back({.kind = CallOperand::Kind::Flag});
  }
  try {
    return trace(op, operands);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<TraceGraph> catalogue_traces() {
  std::vector<TraceGraph> traces;
  for (const OpDef* op : ops::catalogue().all())
    for (std::size_t i = 0; i < DTypeCount; ++i)
      if (std::optional<TraceGraph> graph = uniform_trace(*op, static_cast<DType>(i)))
        traces.push_back(std::move(*graph));
  return traces;
}

TraceGraph random_trace(std::uint32_t seed) {
  generator.seed(seed);
  const std::size_t count = 1 + below(4);
  OpDef op;
  op.name = "random";
  op.promotions.items[op.promotions.count++] = promote({0}, PromotionKind::NoOpmath);
  op.body = bodies[count - 1];
  std::vector<CallOperand> operands;
  for (std::size_t i = 0; i < count; ++i) {
    op.operands.items[op.operands.count++].name = names[i];
    const bool is_number = i > 0 && below(4) == 0;
    operands.push_back({.kind = is_number ? CallOperand::Kind::Number : CallOperand::Kind::Tensor,
                        .dtype = is_number ? DType::F64 : random_dtype()});
  }
  return trace(op, operands, std::array{random_dtype()});
}

}  // namespace gems::test
