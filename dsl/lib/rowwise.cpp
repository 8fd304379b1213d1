// The reductions of a body, in terms of the tracer's.
#include "gems/dsl/rowwise.h"

#include <string>

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems::dsl {
namespace {

Tracer& tracer_of(const Expr& x, std::string_view function) {
  if (Tracer* tracer = Tracer::of(x)) return *tracer;
  throw Error(fmt::format("{} of a literal: pass a value that depends on an operand", function));
}

Expr reduce(ReduceOp op, int part, const Expr& x) {
  return tracer_of(x, fmt::format("row_{}", name(op))).append_reduce(op, part, x);
}

Expr not_zero(const Expr& x) { return !x.is_literal() && is_bool(x.dtype()) ? x : apply(ScalarOp::Ne, x, 0); }

}  // namespace

Expr row_sum(Expr x) { return reduce(ReduceOp::Sum, 0, x); }
Expr row_prod(Expr x) { return reduce(ReduceOp::Prod, 0, x); }
Expr row_max(Expr x) { return reduce(ReduceOp::Max, 0, x); }
Expr row_min(Expr x) { return reduce(ReduceOp::Min, 0, x); }
Expr row_any(Expr x) { return row_max(not_zero(x)); }
Expr row_all(Expr x) { return row_min(not_zero(x)); }
Expr row_count(Expr x) { return row_sum(cast(not_zero(x), I64)); }
Expr row_mean(Expr x) { return row_sum(x) / cast_like(row_length(x), x); }

Expr row_argmax(Expr x) { return reduce(ReduceOp::MaxIndex, 1, x); }
Expr row_argmin(Expr x) { return reduce(ReduceOp::MinIndex, 1, x); }
ValueAndIndex row_max_with_index(Expr x) {
  return {reduce(ReduceOp::MaxIndex, 0, x), reduce(ReduceOp::MaxIndex, 1, x)};
}
ValueAndIndex row_min_with_index(Expr x) {
  return {reduce(ReduceOp::MinIndex, 0, x), reduce(ReduceOp::MinIndex, 1, x)};
}

Moments row_moments(Expr x) {
  const Expr mean = reduce(ReduceOp::Moments, 0, x);
  const Expr squares = reduce(ReduceOp::Moments, 1, x);
  return {mean, squares / cast_like(row_length(x), x), squares};
}

ExpSum row_exp_sum(Expr x) { return {reduce(ReduceOp::ExpSum, 0, x), reduce(ReduceOp::ExpSum, 1, x)}; }

// A maximum that is infinite is the result: beside it the finite elements do not count.
Expr row_logsumexp(Expr x) {
  const auto [maximum, sum] = row_exp_sum(x);
  return select(isinf(maximum), maximum, maximum + log(sum));
}

Expr row_length(Expr like) { return tracer_of(like, "row_length").append_of_row(ScalarOp::RowLength); }
Expr row_index(Expr like) { return tracer_of(like, "row_index").append_of_row(ScalarOp::RowIndex); }
Expr pick(Expr x, Expr index) { return tracer_of(x, "pick").append_pick(x, index); }
Expr round_to_result(Expr x, std::size_t result) {
  return tracer_of(x, "round_to_result").append_round_to_result(x, result);
}

}  // namespace gems::dsl
