// Random bodies go through the expression surface, so that what they record is what a body can record.
#include "random_traces.h"

#include <algorithm>
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
  if (is_rowwise(op)) return traced;
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
  tracer.add_result(values.back());
}

template <std::size_t Count>
void body_of(Tracer& tracer) {
  random_body(tracer, Count);
}
constexpr std::array bodies{&body_of<1>, &body_of<2>, &body_of<3>, &body_of<4>};
constexpr std::array<std::string_view, 4> names{"x", "y", "z", "w"};

// One rowwise body: values by whether they vary along the row. Floats stay small and far from where a rounding error
// would be magnified; what decides (comparisons, indices) is made of operands, which have none.
class RandomRows {
 public:
  RandomRows(Tracer& tracer, const OpDef& op) : tracer_(tracer) {
    for (std::size_t i = 0; i < op.operands.size(); ++i) {
      const OperandKind kind = op.operands[i].kind;
      if (op.operands[i].name == IndexName)
        index_.push_back(tracer.argument<dsl::Row>(i));
      else if (kind == OperandKind::Tensor)
        along_.push_back(tracer.argument<dsl::Tensor>(i));
      else if (kind == OperandKind::Column)
        along_.push_back(tracer.argument<dsl::Column>(i));
      else if (kind == OperandKind::Row)
        of_row_.push_back(tracer.argument<dsl::Row>(i));
      else
        of_row_.push_back(tracer.argument<dsl::Scalar>(i));
    }
    exact_ = along_;
    is_float_ = is_float(along_[0].dtype());
  }

  static constexpr std::string_view IndexName = "index";

  void run(std::size_t result_count, bool sums_columns) {
    for (std::size_t sweeps = 1 + below(3); sweeps > 0; --sweeps) {
      for (std::size_t steps = below(4); steps > 0; --steps) along_.push_back(step(any(along_), any_value()));
      for (std::size_t reductions = 1 + below(2); reductions > 0; --reductions) reduce();
      // What follows depends on this sweep.
      along_.push_back(step(any(along_), of_row_.back()));
    }
    for (std::size_t r = 0; r < result_count; ++r) {
      const Expr& value = r == 0 || below(2) == 0 ? along_.back() : of_row_.back();
      if (r > 0 && sums_columns && tracer_.extent(along_.back()) == Extent::Element && below(2) == 0)
        tracer_.add_column_sum(along_.back());
      else
        tracer_.add_result(value);
    }
  }

 private:
  static const Expr& any(std::span<const Expr> values) { return values[below(values.size())]; }
  const Expr& any_value() { return !of_row_.empty() && below(3) == 0 ? any(of_row_) : any(along_); }
  // Between 1/4 and 5/4.
  static Expr tame(const Expr& x) { return dsl::sigmoid(x) + 0.25; }

  Expr step(const Expr& a, const Expr& b) {
    switch (below(is_float_ ? 9 : 5)) {
      case 0:
        return a + b;
      case 1:
        return a - b;
      case 2:
        return is_float_ ? tame(a) * b : a * b;
      case 3:
        return dsl::max(a, b);
      case 4:
        return dsl::select(any(exact_) < any(exact_), a, b);
      case 5:
        return a / tame(b);
      case 6:
        return dsl::exp(-tame(a)) - b;
      case 7:
        return dsl::tanh(a) + dsl::sqrt(tame(b));
      default:
        return dsl::log(tame(a)) * tame(b);
    }
  }

  void reduce() {
    const Expr& x = any(along_);
    const Expr& exact = any(exact_);
    switch (below(is_float_ ? 11 : 7)) {
      case 0:
        return add(dsl::row_sum(x));
      case 1:
        return add(dsl::row_max(x));
      case 2:
        return add(dsl::row_min(x));
      case 3: {
        const auto [value, index] = below(2) == 0 ? dsl::row_max_with_index(exact) : dsl::row_min_with_index(exact);
        index_.push_back(index);
        return add(value);
      }
      case 4:
        return add(dsl::pick(x, index_.empty() ? Expr(0) : any(index_)));
      case 5:
        return add(dsl::cast_like(dsl::row_count(exact > any(exact_)), x));
      case 6:
        return add(dsl::select(below(2) == 0 ? dsl::row_any(exact > 1) : dsl::row_all(exact > any(exact_)), 1, 2));
      case 7:
        return add(dsl::row_mean(x));
      case 8: {
        const auto [mean, variance, squares] = dsl::row_moments(x);
        add(mean);
        return add(dsl::sqrt(variance + 0.25));
      }
      case 9:
        return add(below(2) == 0 ? dsl::row_logsumexp(x) : sum_of_exponentials(x));
      default:
        return add(dsl::row_prod(1 + dsl::tanh(x) / 64));
    }
  }

  // As softmax has it: of the maximum only where nothing depends on it.
  static Expr sum_of_exponentials(const Expr& x) {
    const auto [maximum, sum] = dsl::row_exp_sum(x);
    return maximum + dsl::log(sum);
  }

  // Sums grow with the row: as many functions of x as there are values, and none of them large.
  void add(const Expr& value) {
    const DType dtype = along_[0].dtype();
    const Expr met = value.is_literal() || value.dtype() == dtype ? value : dsl::cast(value, dtype);
    of_row_.push_back(is_float_ ? dsl::tanh(met / 8) * 8 : met);
  }

  Tracer& tracer_;
  bool is_float_ = true;
  std::vector<Expr> along_, of_row_, index_;
  std::vector<Expr> exact_;  // operands that vary along the row
};

}  // namespace

std::optional<TraceGraph> uniform_trace(const OpDef& op, DType dtype) {
  std::vector<CallOperand> operands;
  for (const OperandDef& operand : op.operands) {
    if (operand.kind == OperandKind::Scalar)
      operands.push_back({.kind = CallOperand::Kind::Number,
                          .dtype = is_integral(operand.dtype.value_or(dtype)) ? DType::I64 : DType::F64});
    else if (operand.kind == OperandKind::Flag)
      operands.push_back({.kind = CallOperand::Kind::Flag, .flag = operand.default_flag.value_or(FlagValue())});
    else
      operands.push_back({.kind = CallOperand::Kind::Tensor, .dtype = dtype});
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

RandomRowwiseOp::RandomRowwiseOp(std::uint32_t seed, DType dtype, bool sums_columns)
    : seed_(seed), sums_columns_(sums_columns) {
  generator.seed(seed);
  op.name = "random_rows";
  op.source = this;
  op.is_rowwise = true;
  const auto add = [&](std::string_view name, OperandKind kind, DType of) {
    op.operands[op.operands.count].name = name;
    op.operands[op.operands.count++].kind = kind;
    const bool is_scalar = kind == OperandKind::Scalar;
    operands.push_back({.kind = is_scalar ? CallOperand::Kind::Number : CallOperand::Kind::Tensor,
                        .dtype = !is_scalar        ? of
                                 : is_integral(of) ? DType::I64
                                                   : DType::F64});
  };
  Promotion promotion;
  add(names[0], OperandKind::Tensor, dtype);
  for (std::size_t more = below(3); more > 0; --more)
    add(names[op.operands.size()],
        std::array{OperandKind::Tensor, OperandKind::Row, OperandKind::Column, OperandKind::Scalar}[below(4)], dtype);
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    promotion.operands[promotion.operands.count++] = static_cast<int>(i);
  if (below(3) == 0) add(RandomRows::IndexName, OperandKind::Row, DType::I64);
  op.promotions.count = 1 + below(3);
  for (std::size_t r = 0; r < op.promotions.count; ++r) op.promotions[r] = promotion;
}

TraceGraph RandomRowwiseOp::trace(const OpDef& of, std::span<const CallOperand> given, const ResolvedTypes& types,
                                  std::span<const DType> result_dtypes) const {
  generator.seed(seed_);
  Tracer tracer(of, given, types, result_dtypes);
  RandomRows(tracer, of).run(of.result_count(), sums_columns_);
  return std::move(tracer).take();
}

TraceGraph random_rowwise_trace(std::uint32_t seed, bool sums_columns) {
  constexpr std::array dtypes{DType::F32, DType::F32, DType::BF16, DType::F16, DType::F64, DType::I64, DType::I32};
  generator.seed(seed);
  const RandomRowwiseOp random(seed, dtypes[below(dtypes.size())], sums_columns);
  return trace(random.op, random.operands);
}

std::vector<std::vector<Element>> random_tables(const TraceGraph& graph, std::size_t rows, std::size_t columns,
                                                std::uint32_t seed) {
  generator.seed(seed);
  std::vector<std::vector<Element>> tables;
  for (const TraceOperand& operand : graph.operands) {
    const bool is_number = operand.form == OperandForm::Number;
    std::size_t count = 1;
    if (!is_number && varies_along_rows(operand.extent)) count *= rows;
    if (!is_number && varies_along_columns(operand.extent)) count *= columns;
    std::vector<Element>& table = tables.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      if (operand.name == RandomRows::IndexName)
        table.push_back(
            {.dtype = operand.storage, .integer = static_cast<std::int64_t>(below(std::max<std::size_t>(columns, 1)))});
      else if (is_integral(operand.storage))
        table.push_back(
            cast_element({.dtype = DType::I64, .integer = static_cast<int>(below(17)) - 8}, operand.storage));
      else
        table.push_back(cast_element(
            {.dtype = DType::F64, .value = std::uniform_real_distribution<double>(-2, 2)(generator)}, operand.storage));
    }
  }
  return tables;
}

std::vector<TraceGraph> rowwise_catalogue_traces() {
  std::vector<TraceGraph> traces;
  for (const OpDef* op : ops::rowwise_catalogue().all())
    for (std::size_t i = 0; i < DTypeCount; ++i)
      if (std::optional<TraceGraph> graph = uniform_trace(*op, static_cast<DType>(i)))
        traces.push_back(std::move(*graph));
  return traces;
}

}  // namespace gems::test
