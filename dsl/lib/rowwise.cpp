// The reductions of a body, in terms of the tracer's.
#include "gems/dsl/rowwise.h"

#include <string_view>

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems::dsl {
namespace {

Tracer& tracer_of(const Expr& x, std::string_view function) {
  if (Tracer* tracer = Tracer::of(x)) return *tracer;
  throw Error(fmt::format("{} of a literal: pass a value that depends on an operand", function));
}

Expr reduce(ReduceOp op, int part, const Expr& x, std::string_view function) {
  return tracer_of(x, function).append_reduce(op, part, x, function);
}

ValueAndIndex with_index(ReduceOp op, const Expr& x, std::string_view function) {
  return {reduce(op, 0, x, function), reduce(op, 1, x, function)};
}

Expr not_zero(const Expr& x) { return !x.is_literal() && is_bool(x.dtype()) ? x : apply(ScalarOp::Ne, x, 0); }

}  // namespace

Expr row_sum(Expr x) { return reduce(ReduceOp::Sum, 0, x, "row_sum"); }
Expr row_prod(Expr x) { return reduce(ReduceOp::Prod, 0, x, "row_prod"); }
Expr row_max(Expr x) { return reduce(ReduceOp::Max, 0, x, "row_max"); }
Expr row_min(Expr x) { return reduce(ReduceOp::Min, 0, x, "row_min"); }
Expr row_any(Expr x) { return reduce(ReduceOp::Max, 0, not_zero(x), "row_any"); }
Expr row_all(Expr x) { return reduce(ReduceOp::Min, 0, not_zero(x), "row_all"); }
Expr row_count(Expr x) { return reduce(ReduceOp::Sum, 0, cast(not_zero(x), I64), "row_count"); }
Expr row_mean(Expr x) { return reduce(ReduceOp::Sum, 0, x, "row_mean") / cast_like(row_length(x), x); }

Expr row_argmax(Expr x) { return reduce(ReduceOp::MaxIndex, 1, x, "row_argmax"); }
Expr row_argmin(Expr x) { return reduce(ReduceOp::MinIndex, 1, x, "row_argmin"); }
ValueAndIndex row_max_with_index(Expr x) { return with_index(ReduceOp::MaxIndex, x, "row_max_with_index"); }
ValueAndIndex row_min_with_index(Expr x) { return with_index(ReduceOp::MinIndex, x, "row_min_with_index"); }

Moments row_moments(Expr x) {
  const Expr mean = reduce(ReduceOp::Moments, 0, x, "row_moments");
  const Expr squares = reduce(ReduceOp::Moments, 1, x, "row_moments");
  return {mean, squares / cast_like(row_length(x), x), squares};
}

ExpSum row_exp_sum(Expr x) {
  return {reduce(ReduceOp::ExpSum, 0, x, "row_exp_sum"), reduce(ReduceOp::ExpSum, 1, x, "row_exp_sum")};
}

// A maximum that is infinite is the result: beside it the finite elements do not count.
Expr row_logsumexp(Expr x) {
  const Expr maximum = reduce(ReduceOp::ExpSum, 0, x, "row_logsumexp");
  const Expr sum = reduce(ReduceOp::ExpSum, 1, x, "row_logsumexp");
  return select(isinf(maximum), maximum, maximum + log(sum));
}

Expr row_length(Expr like) { return tracer_of(like, "row_length").append_of_row(ScalarOp::RowLength); }
Expr row_index(Expr like) { return tracer_of(like, "row_index").append_of_row(ScalarOp::RowIndex); }
Expr pick(Expr x, Expr index) { return tracer_of(x, "pick").append_pick(x, index); }
Expr round_to_result(Expr x, std::size_t result) {
  return tracer_of(x, "round_to_result").append_round_to_result(x, result);
}

}  // namespace gems::dsl
