// The table of derivatives. Formulas and conventions (zeros, ties, powers of zero) are those of
// tools/autograd/derivatives.yaml and torch/csrc/autograd/FunctionsManual.cpp of PyTorch; docs/gradients.md lists them.
#include "derivatives.h"

#include <cstddef>
#include <numbers>

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems {
namespace {

// Null: the value does not change with the argument.
using Rule = Value (*)(const Site&, Value v);

struct Row {
  ScalarOp op;
  std::array<Rule, 3> rules{};
};

struct ReductionRow {
  ReduceOp op;
  std::array<Rule, 2> rules{};  // of its parts
};

constexpr double TwoOverSqrtPi = 2 * std::numbers::inv_sqrtpi;

Value zero(Value v) { return like(v, 0); }
Value square(Value x) { return x * x; }
Value sin(Value x) { return apply(ScalarOp::Sin, x); }
Value cos(Value x) { return apply(ScalarOp::Cos, x); }
// 1 - x * x, whose digits fma keeps where x is near 1.
Value one_minus_square(Value x) { return multiply_add(-x, x, like(x, 1)); }
bool is_literal(Value x) { return x.graph->node(x.node).op == ScalarOp::Literal; }

Value same(const Site&, Value v) { return v; }
Value negative(const Site&, Value v) { return -v; }
Value no_derivative(const Site& site, Value) {
  throw Error(fmt::format("{} has no derivative", name(site.out.graph->node(site.out.node).op)));
}

// Of Max (beyond: Lt) and Min (beyond: Gt): v unless the other value lies beyond x; NaN passes. With Ties::First the
// second value gets it only where it wins.
Value of_extremum(ScalarOp beyond, const Site& s, Value v, Value x, Value other, bool is_first) {
  const bool is_max = beyond == ScalarOp::Lt;
  if (is_literal(other)) return select(compare(is_max ? ScalarOp::Le : ScalarOp::Ge, x, other), zero(v), v);
  const Value loses = compare(beyond, x, other);
  if (s.ties == Ties::Share) return select(compare(ScalarOp::Eq, x, other), v * 0.5, select(loses, zero(v), v));
  if (is_first) return select(loses, zero(v), v);
  return select(compare(beyond, other, x), v, zero(v));
}

// Of Fmax (within: Ge) and Fmin (within: Le): the first wins where it is within, or the second is NaN.
Value first_wins(ScalarOp within, const Site& s) {
  const Value is_nan = s.b().graph->apply(ScalarOp::IsNan, DType::Bool, {s.b()});
  return s.a().graph->apply(ScalarOp::BitOr, DType::Bool, {compare(within, s.a(), s.b()), is_nan});
}

Value of_base(const Site& s, Value v) {
  const Value power = apply(ScalarOp::Pow, s.a(), s.b() + -1.0);
  return select(compare(ScalarOp::Eq, s.b(), zero(s.b())), zero(v), v * s.k(s.b() * power));
}

Value of_exponent(const Site& s, Value v) {
  const Value b = is_complex(s.b().dtype()) ? real(s.b()) : s.b();
  GraphBuilder& graph = *v.graph;
  Value no_slope = graph.apply(ScalarOp::BitAnd, DType::Bool,
                               {compare(ScalarOp::Eq, s.a(), zero(s.a())), compare(ScalarOp::Ge, b, zero(b))});
  if (is_complex(s.b().dtype())) {
    const Value im = imag(s.b());
    no_slope = graph.apply(ScalarOp::BitAnd, DType::Bool, {no_slope, compare(ScalarOp::Eq, im, zero(im))});
  }
  return select(no_slope, zero(v), v * s.k(s.out * apply(ScalarOp::Log, s.a())));
}

// The sign of a real number, z / |z| of a complex one; 0 at 0.
Value of_abs(const Site& s, Value v) {
  if (!is_complex(s.a().dtype())) return v * apply(ScalarOp::Sign, s.a());
  const Value at_zero = compare(ScalarOp::Eq, s.out, zero(s.out));
  const Value re = select(at_zero, zero(s.out), real(s.a()) / s.out);
  const Value im = select(at_zero, zero(s.out), imag(s.a()) / s.out);
  return s.reverse ? complex(v * re, v * im) : real(v) * re + imag(v) * im;
}

Value of_copysign(const Site& s, Value v) {
  return v * select(compare(ScalarOp::Eq, s.a(), zero(s.a())), zero(s.a()), s.out / s.a());
}

Value square_sum(const Site& s) { return square(s.a()) + square(s.b()); }
Value of_cast(const Site& s, Value v) { return cast(v, (s.reverse ? s.a() : s.out).dtype()); }

// Each that has the extreme value gets an equal share. NaN has no equal: the gradients of its row are NaN.
Value of_row_extremum(const Site& s, Value v) {
  const Value has_it = compare(ScalarOp::Eq, s.a(), s.parts[0]);
  const Value count = row_sum(cast(has_it, v.dtype()));
  return s.reverse ? select(has_it, v / count, zero(v) / count) : select(has_it, v, zero(v)) / count;
}

Value at_index(Value index, Value v) {
  return select(compare(ScalarOp::Eq, v.graph->of_row(ScalarOp::RowIndex), index), v, zero(v));
}

// The product of all others: by the product of what is not zero, and how many are.
Value of_product(const Site& s, Value v) {
  const Value is_zero = compare(ScalarOp::Eq, s.a(), zero(s.a()));
  const Value zeros = row_sum(cast(is_zero, DType::I64));
  const Value product = s.a().graph->reduce(ReduceOp::Prod, 0, select(is_zero, like(s.a(), 1), s.a()));
  const auto if_zeros = [&](double count) {
    return select(compare(ScalarOp::Eq, zeros, like(zeros, count)), product, zero(product));
  };
  return v * s.k(select(is_zero, if_zeros(1), if_zeros(0) / s.a()));
}

// In the order of reduce_ops.def. As elements: reverse, v is the row's and what comes out the element's; forward, both
// are the element's, and the row's is the sum.
constexpr std::array reduction_rows{
    ReductionRow{ReduceOp::Sum, {same}},
    ReductionRow{ReduceOp::Prod, {of_product}},
    ReductionRow{ReduceOp::Max, {of_row_extremum}},
    ReductionRow{ReduceOp::Min, {of_row_extremum}},
    ReductionRow{ReduceOp::MaxIndex, {[](const Site& s, Value v) { return at_index(s.parts[1], v); }}},
    ReductionRow{ReduceOp::MinIndex, {[](const Site& s, Value v) { return at_index(s.parts[1], v); }}},
    ReductionRow{ReduceOp::Moments,
                 {[](const Site&, Value v) { return v / row_length(v); },
                  [](const Site& s, Value v) { return (s.a() - s.parts[0]) * (v * 2.0); }}},
    // The maximum is a shift, of which what is made of both does not depend.
    ReductionRow{ReduceOp::ExpSum,
                 {nullptr, [](const Site& s, Value v) { return apply(ScalarOp::Exp, s.a() - s.parts[0]) * v; }}},
};
static_assert([] {
  for (std::size_t i = 0; i < reduction_rows.size(); ++i)
    if (reduction_rows[i].op != static_cast<ReduceOp>(i)) return false;
  return true;
}());
constexpr std::size_t ReductionCount = 0
#define GEMS_REDUCE_OP(Name, text, parts, domain) +1
#include "gems/dsl/reduce_ops.def"
    ;
static_assert(reduction_rows.size() == ReductionCount, "every reduction has a row, in the order of reduce_ops.def");

// In the order of scalar_ops.def.
constexpr std::array rows{
    Row{ScalarOp::Operand},
    Row{ScalarOp::Literal},
    Row{ScalarOp::Cast, {of_cast}},
    Row{ScalarOp::BitCast, {no_derivative}},
    Row{ScalarOp::Select,
        {nullptr, [](const Site& s, Value v) { return select(s.a(), v, zero(v)); },
         [](const Site& s, Value v) { return select(s.a(), zero(v), v); }}},

    Row{ScalarOp::Reduce},  // by reduction_rows
    Row{ScalarOp::Pick, {[](const Site& s, Value v) { return at_index(s.b(), v); }}},
    Row{ScalarOp::RowIndex},
    Row{ScalarOp::RowLength},

    Row{ScalarOp::Add, {same, same}},
    Row{ScalarOp::Sub, {same, negative}},
    Row{ScalarOp::Mul,
        {[](const Site& s, Value v) { return v * s.k(s.b()); }, [](const Site& s, Value v) { return v * s.k(s.a()); }}},
    Row{ScalarOp::Div,
        {[](const Site& s, Value v) { return v / s.k(s.b()); },
         [](const Site& s, Value v) { return -(v / s.k(s.b())) * s.k(s.out); }}},
    Row{ScalarOp::TruncDiv},
    Row{ScalarOp::FloorDiv},
    Row{ScalarOp::Fmod, {same, [](const Site& s, Value v) { return -v * apply(ScalarOp::TruncDiv, s.a(), s.b()); }}},
    Row{ScalarOp::Remainder,
        {same, [](const Site& s, Value v) { return -v * apply(ScalarOp::FloorDiv, s.a(), s.b()); }}},
    Row{ScalarOp::Neg, {negative}},
    Row{ScalarOp::Min,
        {[](const Site& s, Value v) { return of_extremum(ScalarOp::Gt, s, v, s.a(), s.b(), true); },
         [](const Site& s, Value v) { return of_extremum(ScalarOp::Gt, s, v, s.b(), s.a(), false); }}},
    Row{ScalarOp::Max,
        {[](const Site& s, Value v) { return of_extremum(ScalarOp::Lt, s, v, s.a(), s.b(), true); },
         [](const Site& s, Value v) { return of_extremum(ScalarOp::Lt, s, v, s.b(), s.a(), false); }}},
    Row{ScalarOp::Fmin,
        {[](const Site& s, Value v) { return select(first_wins(ScalarOp::Le, s), v, zero(v)); },
         [](const Site& s, Value v) { return select(first_wins(ScalarOp::Le, s), zero(v), v); }}},
    Row{ScalarOp::Fmax,
        {[](const Site& s, Value v) { return select(first_wins(ScalarOp::Ge, s), v, zero(v)); },
         [](const Site& s, Value v) { return select(first_wins(ScalarOp::Ge, s), zero(v), v); }}},
    Row{ScalarOp::Fma,
        {[](const Site& s, Value v) { return v * s.b(); }, [](const Site& s, Value v) { return v * s.a(); }, same}},

    Row{ScalarOp::BitAnd},
    Row{ScalarOp::BitOr},
    Row{ScalarOp::BitXor},
    Row{ScalarOp::BitNot},
    Row{ScalarOp::Shl},
    Row{ScalarOp::Shr},
    Row{ScalarOp::Eq},
    Row{ScalarOp::Ne},
    Row{ScalarOp::Lt},
    Row{ScalarOp::Le},
    Row{ScalarOp::Gt},
    Row{ScalarOp::Ge},

    Row{ScalarOp::Abs, {of_abs}},
    Row{ScalarOp::Sqrt, {[](const Site& s, Value v) { return v / s.k(s.out * 2); }}},
    Row{ScalarOp::Rsqrt, {[](const Site& s, Value v) { return v * s.k(square(s.out) * s.out) * -0.5; }}},
    Row{ScalarOp::Reciprocal, {[](const Site& s, Value v) { return -v * s.k(square(s.out)); }}},
    Row{ScalarOp::Exp, {[](const Site& s, Value v) { return v * s.k(s.out); }}},
    Row{ScalarOp::Exp2, {[](const Site& s, Value v) { return v * s.k(s.out) * std::numbers::ln2; }}},
    Row{ScalarOp::Expm1, {[](const Site& s, Value v) { return v * s.k(s.out + 1); }}},
    Row{ScalarOp::Log, {[](const Site& s, Value v) { return v / s.k(s.a()); }}},
    Row{ScalarOp::Log2, {[](const Site& s, Value v) { return v / s.k(s.a() * std::numbers::ln2); }}},
    Row{ScalarOp::Log10, {[](const Site& s, Value v) { return v / s.k(s.a() * std::numbers::ln10); }}},
    Row{ScalarOp::Log1p, {[](const Site& s, Value v) { return v / s.k(s.a() + 1); }}},
    Row{ScalarOp::Sin, {[](const Site& s, Value v) { return v * s.k(cos(s.a())); }}},
    Row{ScalarOp::Cos, {[](const Site& s, Value v) { return -v * s.k(sin(s.a())); }}},
    Row{ScalarOp::Tan, {[](const Site& s, Value v) { return v * s.k(multiply_add(s.out, s.out, like(s.out, 1))); }}},
    Row{ScalarOp::Asin,
        {[](const Site& s, Value v) { return v * s.k(apply(ScalarOp::Rsqrt, one_minus_square(s.a()))); }}},
    Row{ScalarOp::Acos,
        {[](const Site& s, Value v) { return -v * s.k(apply(ScalarOp::Rsqrt, one_minus_square(s.a()))); }}},
    Row{ScalarOp::Atan, {[](const Site& s, Value v) { return v / s.k(multiply_add(s.a(), s.a(), like(s.a(), 1))); }}},
    Row{ScalarOp::Sinh, {[](const Site& s, Value v) { return v * s.k(apply(ScalarOp::Cosh, s.a())); }}},
    Row{ScalarOp::Cosh, {[](const Site& s, Value v) { return v * s.k(apply(ScalarOp::Sinh, s.a())); }}},
    Row{ScalarOp::Tanh, {[](const Site& s, Value v) { return v * s.k(one_minus_square(s.out)); }}},
    Row{ScalarOp::Sigmoid, {[](const Site& s, Value v) { return v * s.k((like(s.out, 1) - s.out) * s.out); }}},
    Row{ScalarOp::Erf,
        {[](const Site& s, Value v) { return v * (apply(ScalarOp::Exp, -square(s.a())) * TwoOverSqrtPi); }}},
    Row{ScalarOp::Erfc,
        {[](const Site& s, Value v) { return v * (apply(ScalarOp::Exp, -square(s.a())) * -TwoOverSqrtPi); }}},
    Row{ScalarOp::Floor},
    Row{ScalarOp::Ceil},
    Row{ScalarOp::Trunc},
    Row{ScalarOp::Round},
    Row{ScalarOp::Sign},
    Row{ScalarOp::IsNan},
    Row{ScalarOp::IsInf},
    Row{ScalarOp::IsFinite},
    Row{ScalarOp::Pow, {of_base, of_exponent}},
    Row{ScalarOp::Atan2,
        {[](const Site& s, Value v) { return v * (s.b() / square_sum(s)); },
         [](const Site& s, Value v) { return v * (-s.a() / square_sum(s)); }}},
    Row{ScalarOp::Copysign, {of_copysign}},
    Row{ScalarOp::Nextafter, {no_derivative, no_derivative}},

    Row{ScalarOp::Complex,
        {[](const Site& s, Value v) { return s.reverse ? real(v) : complex(v, zero(v)); },
         [](const Site& s, Value v) { return s.reverse ? imag(v) : complex(zero(v), v); }}},
    Row{ScalarOp::Real, {[](const Site& s, Value v) { return s.reverse ? complex(v, zero(v)) : real(v); }}},
    Row{ScalarOp::Imag, {[](const Site& s, Value v) { return s.reverse ? complex(zero(v), v) : imag(v); }}},
    Row{ScalarOp::Conj, {[](const Site&, Value v) { return conj(v); }}},
};

constexpr std::size_t OpCount = 0
#define GEMS_SCALAR_OP(Name, text, arity, domain, result, cost) +1
#include "gems/dsl/scalar_ops.def"
    ;
static_assert(rows.size() == OpCount, "every scalar operation has a row, in the order of scalar_ops.def");
static_assert([] {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].op != static_cast<ScalarOp>(i)) return false;
  return true;
}());

Rule rule(const TraceNode& node, int argument) {
  if (node.op == ScalarOp::Reduce)
    return reduction_rows[static_cast<std::size_t>(node.reduce)].rules[static_cast<std::size_t>(node.part)];
  return rows[static_cast<std::size_t>(node.op)].rules[static_cast<std::size_t>(argument)];
}

}  // namespace

bool is_constant_in(const TraceNode& node, int argument) { return rule(node, argument) == nullptr; }

Value propagate(const TraceNode& node, int argument, const Site& site, Value v) {
  const Value contribution = rule(node, argument)(site, v);
  return is_rowwise(node.op) && !site.reverse ? row_sum(contribution) : contribution;
}

}  // namespace gems
