// The out-of-line part of the expression surface: hands operations to the tracer, computes those on literals alone.
#include "gems/dsl/expr.h"

#include <array>
#include <span>
#include <string>

#include <fmt/format.h>

#include "common_dtype.h"
#include "evaluate.h"
#include "gems/dsl/error.h"
#include "gems/dsl/tracer.h"

namespace gems::dsl {
namespace {

Tracer* tracer_of(std::span<const Expr> args) {
  for (const Expr& x : args)
    if (Tracer* tracer = Tracer::of(x)) return tracer;
  return nullptr;
}

Expr fold(ScalarOp op, std::span<const Expr> args) {
  std::array<Element, 3> values;
  for (std::size_t i = 0; i < args.size(); ++i) values[i] = Tracer::literal_value(args[i]);
  const std::size_t first = op == ScalarOp::Select ? 1 : 0;
  DType common = values[first].dtype;
  for (std::size_t i = first; i < args.size(); ++i) {
    const std::optional<DType> joined = common_dtype(common, values[i].dtype);
    if (!joined) throw Error(fmt::format("{} of literals beyond i64 and below: cast one of them", name(op)));
    common = *joined;
  }
  if (!contains(domain(op), common))
    throw Error(fmt::format("{} takes {}, given only literals of dtype {}", name(op), text(domain(op)), name(common)));
  if (first == 1) values[0] = cast_element(values[0], DType::Bool);
  for (std::size_t i = first; i < args.size(); ++i) values[i] = cast_element(values[i], common);
  return Tracer::literal(evaluate(op, value_dtype(op, common), std::span(values).first(args.size())));
}

Expr apply_all(ScalarOp op, std::span<const Expr> args) {
  if (Tracer* tracer = tracer_of(args)) return tracer->append(op, args);
  return fold(op, args);
}

Expr to_bool(Expr x) {
  if (!x.is_literal() && is_bool(x.dtype())) return x;
  return x.is_literal() ? cast(x, Bool) : apply(ScalarOp::Ne, x, 0);
}

}  // namespace

DType Expr::dtype() const {
  if (tracer_) return tracer_->dtype(*this);
  throw Error(
      "a literal has no dtype until it meets a traced value: ask that value for its dtype, or cast the literal");
}

void detail::refuse_absent(const Tracer* tracer, std::size_t position) {
  if (tracer != nullptr) tracer->refuse_absent(position);
  throw Error("an Optional without a value is read: branch on it first");
}

Expr apply(ScalarOp op, Expr a) { return apply_all(op, std::array{a}); }
Expr apply(ScalarOp op, Expr a, Expr b) { return apply_all(op, std::array{a, b}); }
Expr apply(ScalarOp op, Expr a, Expr b, Expr c) { return apply_all(op, std::array{a, b, c}); }

Expr select(Expr condition, Expr if_true, Expr if_false) {
  return apply(ScalarOp::Select, to_bool(condition), if_true, if_false);
}

Expr cast(Expr x, DType to) {
  if (Tracer* tracer = Tracer::of(x)) return tracer->append_cast(x, to);
  return Tracer::literal(cast_element(Tracer::literal_value(x), to));
}

Expr bit_cast(Expr x, DType to) {
  if (Tracer* tracer = Tracer::of(x)) return tracer->append_bit_cast(x, to);
  throw Error("bit_cast takes a traced value: a literal has no bits of its own, write them as an integer literal");
}

Expr logical_and(Expr a, Expr b) { return to_bool(a) & to_bool(b); }
Expr logical_or(Expr a, Expr b) { return to_bool(a) | to_bool(b); }
Expr logical_xor(Expr a, Expr b) { return to_bool(a) ^ to_bool(b); }
Expr logical_not(Expr x) { return ~to_bool(x); }

}  // namespace gems::dsl
