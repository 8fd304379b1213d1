// Gradient and tangent ops of rowwise ops: against finite differences in f64, at the rows where a convention decides,
// and what they read, reduce and return.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "calls.h"
#include "elements.h"
#include "gems/dsl.h"
#include "gems/dsl/differentiate.h"
#include "gems/dsl/error.h"
#include "gems/ops/catalogue.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"
#include "gems/ops/softmax.h"
#include "random_traces.h"

namespace gems {
namespace {

using namespace gems::dsl;
using test::integer;
using test::real;
using Elements = std::vector<Element>;
using Numbers = std::vector<double>;
using From = DerivedOperand::From;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A call: elements for each operand; none where it is absent. Flags have their defaults.
struct Call {
  std::size_t rows, columns;
  std::vector<Elements> operands;
};

CallOperand passed(const OperandDef& operand, const Elements& elements) {
  if (operand.kind == OperandKind::Flag) return test::flag(operand.default_flag.value());
  if (elements.empty()) return {.kind = CallOperand::Kind::Absent};
  return operand.kind == OperandKind::Scalar ? test::number(elements[0].dtype) : test::tensor(elements[0].dtype);
}

TraceGraph traced(const OpDef& op, const Call& call) {
  std::vector<CallOperand> operands;
  for (std::size_t i = 0; i < op.operands.size(); ++i) operands.push_back(passed(op.operands[i], call.operands.at(i)));
  return trace(op, operands);
}

std::vector<Elements> evaluate(const OpDef& op, const Call& call) {
  const TraceGraph graph = traced(op, call);
  std::vector<Elements> given;
  for (const TraceOperand& operand : graph.operands) {
    given.push_back(call.operands[static_cast<std::size_t>(operand.position)]);
    for (Element& each : given.back()) each = cast_element(each, operand.storage);
  }
  return interpret_rows(graph, given, call.rows, call.columns);
}

Call derived_call(const OpDef& op, const Derived& derived, const Call& call, const std::vector<Elements>& incoming) {
  const std::vector<Elements> results = evaluate(op, call);
  Call made{call.rows, call.columns, {}};
  std::size_t next = 0;
  for (const auto& [from, index] : derived.operands) {
    const auto at = static_cast<std::size_t>(index);
    made.operands.push_back(from == From::Incoming ? incoming.at(next++)
                            : from == From::Result ? results.at(at)
                                                   : call.operands.at(at));
  }
  return made;
}

// For each position that is asked for, as many elements as `counts` says: zeros, or a row's value for all of it.
std::vector<Numbers> derivative(const OpDef& op, const Derived& derived, const Call& call,
                                const std::vector<Elements>& incoming, const std::vector<std::size_t>& counts) {
  std::vector<Elements> found;
  if (derived.op != nullptr) found = evaluate(*derived.op, derived_call(op, derived, call, incoming));
  std::vector<Numbers> all;
  for (std::size_t i = 0; i < derived.results.size(); ++i) {
    Numbers& numbers = all.emplace_back(counts[i]);
    if (derived.results[i] < 0) continue;
    const Elements& result = found.at(static_cast<std::size_t>(derived.results[i]));
    const bool is_of_rows = result.size() != counts[i];
    for (std::size_t k = 0; k < counts[i]; ++k) numbers[k] = result.at(is_of_rows ? k / call.columns : k).value.real();
  }
  return all;
}

bool is_moving(const Elements& elements) { return !elements.empty() && is_float(elements[0].dtype); }
std::vector<std::size_t> differentiable(const OpDef& op, const Call& call) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    if (op.operands[i].kind != OperandKind::Scalar && op.operands[i].kind != OperandKind::Flag &&
        is_moving(call.operands[i]))
      positions.push_back(i);
  return positions;
}
PositionSet set_of(const std::vector<std::size_t>& positions) {
  PositionSet set = 0;
  for (const std::size_t position : positions) set |= only(position);
  return set;
}
std::vector<std::size_t> sizes_of(const std::vector<Elements>& tables, const std::vector<std::size_t>& positions) {
  std::vector<std::size_t> sizes;
  for (const std::size_t position : positions) sizes.push_back(tables[position].size());
  return sizes;
}

Elements drawn(std::size_t count, std::mt19937& random) {
  std::uniform_real_distribution<double> value(-1, 1);
  Elements elements;
  for (std::size_t i = 0; i < count; ++i) elements.push_back(real(F64, value(random)));
  return elements;
}

// The results with element k of an operand moved by a step.
std::vector<Elements> moved(const OpDef& op, Call call, std::size_t position, std::size_t k, double step) {
  call.operands[position][k].value += step;
  return evaluate(op, call);
}

bool near(double a, double b) { return std::abs(a - b) <= 2e-6 * (1 + std::abs(b)); }

void check_derivatives(Derivatives& derivatives, const OpDef& op, const Call& call, std::mt19937& random) {
  INFO(op.name);
  const std::vector<Elements> results = evaluate(op, call);
  PositionSet continuous = 0;
  std::vector<std::size_t> result_positions;
  std::vector<Elements> incoming;
  for (std::size_t r = 0; r < results.size(); ++r) {
    if (!is_float(results[r][0].dtype)) continue;
    continuous |= only(r);
    result_positions.push_back(r);
    incoming.push_back(drawn(results[r].size(), random));
  }
  const std::vector<std::size_t> positions = differentiable(op, call);
  std::vector<Elements> moving;
  for (const std::size_t position : positions) moving.push_back(drawn(call.operands[position].size(), random));

  std::vector<Numbers> expected_tangents;
  for (const std::size_t r : result_positions) expected_tangents.emplace_back(results[r].size());
  const std::vector<Numbers> together = positions.size() > MaxResults
                                            ? std::vector<Numbers>()
                                            : derivative(op, derivatives.gradient(op, continuous, set_of(positions)),
                                                         call, incoming, sizes_of(call.operands, positions));
  constexpr double step = 1e-5;
  for (std::size_t p = 0; p < positions.size(); ++p) {
    INFO("operand " << op.operands[positions[p]].name);
    const Numbers alone = derivative(op, derivatives.gradient(op, continuous, only(positions[p])), call, incoming,
                                     {call.operands[positions[p]].size()})[0];
    for (std::size_t k = 0; k < call.operands[positions[p]].size(); ++k) {
      const auto above = moved(op, call, positions[p], k, step), below = moved(op, call, positions[p], k, -step);
      double expected = 0;
      for (std::size_t r = 0; r < result_positions.size(); ++r)
        for (std::size_t e = 0; e < results[result_positions[r]].size(); ++e) {
          const double slope =
              (above[result_positions[r]][e].value - below[result_positions[r]][e].value).real() / (2 * step);
          expected += slope * incoming[r][e].value.real();
          expected_tangents[r][e] += slope * moving[p][k].value.real();
        }
      if (!together.empty()) CHECK(near(together[p][k], expected));
      CHECK(near(alone[k], expected));
    }
  }
  // One operand after the other: an op has a limited number of them.
  std::vector<Numbers> tangents;
  for (const std::size_t r : result_positions) tangents.emplace_back(results[r].size());
  for (std::size_t p = 0; p < positions.size(); ++p) {
    const std::vector<Numbers> terms = derivative(op, derivatives.tangent(op, only(positions[p])), call, {moving[p]},
                                                  sizes_of(results, result_positions));
    for (std::size_t r = 0; r < terms.size(); ++r)
      for (std::size_t e = 0; e < terms[r].size(); ++e) tangents[r][e] += terms[r][e];
  }
  for (std::size_t r = 0; r < tangents.size(); ++r)
    for (std::size_t e = 0; e < tangents[r].size(); ++e) CHECK(near(tangents[r][e], expected_tangents[r][e]));
}

// Gradients, tangents, and those of the gradient op.
void check_twice(const OpDef& op, const Call& call) {
  std::mt19937 random(1);
  Derivatives derivatives;
  check_derivatives(derivatives, op, call, random);
  PositionSet continuous = 0;
  std::vector<Elements> incoming;
  const std::vector<Elements> results = evaluate(op, call);
  for (std::size_t r = 0; r < results.size(); ++r) {
    if (!is_float(results[r][0].dtype)) continue;
    continuous |= only(r);
    incoming.push_back(drawn(results[r].size(), random));
  }
  for (const std::size_t position : differentiable(op, call)) {
    const Derived& first = derivatives.gradient(op, continuous, only(position));
    if (first.op != nullptr) check_derivatives(derivatives, *first.op, derived_call(op, first, call, incoming), random);
  }
}

// Random numbers for each operand: x is apart from ties and from zero.
Call sample(const OpDef& op, std::size_t rows = 3, std::size_t columns = 4) {
  std::mt19937 random(7);
  Call call{rows, columns, {}};
  for (const OperandDef& operand : op.operands) {
    const std::size_t count = operand.kind == OperandKind::Tensor   ? rows * columns
                              : operand.kind == OperandKind::Row    ? rows
                              : operand.kind == OperandKind::Column ? columns
                                                                    : 1;
    call.operands.push_back(drawn(count, random));
    if (operand.kind == OperandKind::Scalar) call.operands.back()[0].value = 0.5;
    if (operand.name == "target")
      for (std::size_t row = 0; row < rows; ++row)
        call.operands.back()[row] = {.dtype = DType::I64, .integer = static_cast<std::int64_t>(row)};
    if (operand.dtype) call.operands.back()[0] = {.dtype = *operand.dtype, .integer = -100};
  }
  return call;
}

TEST_CASE("gradients and tangents of the rowwise catalogue are those of finite differences, and second ones are") {
  for (const OpDef* op : ops::rowwise_catalogue().all()) {
    if (op->name.starts_with("vector_norm")) continue;  // some have no gradient, others none at single points
    if (op->promotions[0].kind == Index || op->promotions[0].kind == AlwaysBool) continue;
    // The gradient of an extremum asks who has it, which does not move.
    if (op == &ops::amax_op || op == &ops::amin_op) {
      std::mt19937 random(1);
      Derivatives derivatives;
      check_derivatives(derivatives, *op, sample(*op), random);
      continue;
    }
    check_twice(*op, sample(*op));
  }
}

TEST_CASE("so are those of norms without weight or bias") {
  for (const auto& absent : {std::vector<std::size_t>{1}, {2}, {1, 2}}) {
    Call call = sample(ops::layer_norm_op);
    for (const std::size_t position : absent) call.operands[position].clear();
    check_twice(ops::layer_norm_op, call);
  }
  Call call = sample(ops::rms_norm_op);
  call.operands[1].clear();
  check_twice(ops::rms_norm_op, call);
}

constexpr OpDef extents_op = rowwise(
    {.name = "extents",
     .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1, 2}, Default), promote({0, 1, 2}, Default)},
     .names = {"x", "r", "c"}},
    [](Tensor x, Row r, Column c) {
      const Expr sum = row_sum(c * c) + r * row_sum(x * c);
      return outputs(x * r + c * sum, sum * r + row_mean(c + r), column_sum(exp(x) * r * c));
    });
constexpr OpDef cross_entropy_op =
    rowwise({.name = "cross_entropy", .promotion_methods = {promote({0}, Default), promote({0}, Accumulate)}},
            [](Tensor x, Row target) {
              const Expr lse = row_logsumexp(x);
              return outputs(select(target != -100, lse - pick(x, target), 0), lse);
            });
constexpr OpDef norm_backward_op =
    rowwise({.name = "norm_backward",
             .promotion_methods = {promote({0, 1}, Default), promote({0, 1}, Default), promote({0, 1}, Default)},
             .names = {"grad", "x", "mean", "rstd", "weight"}},
            [](Tensor grad, Tensor x, Row mean, Row rstd, Optional<Column> weight) {
              const Expr h = (x - mean) * rstd;
              const Expr g = weight ? grad * *weight : Expr(grad);
              return outputs((g - row_mean(g) - h * row_mean(g * h)) * rstd, column_sum(grad * h), column_sum(grad));
            });

TEST_CASE("so are those of ops with operands and results of every extent") {
  check_twice(extents_op, sample(extents_op));
  check_twice(norm_backward_op, sample(norm_backward_op));
  Call call = sample(cross_entropy_op);
  call.operands[1] = {integer(I64, 2), integer(I64, -100), integer(I64, 0)};
  check_twice(cross_entropy_op, call);
}

TEST_CASE("so are those of random rowwise bodies") {
  std::mt19937 random(3);
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    INFO("seed " << seed);
    const test::RandomRowwiseOp drawn_op(seed, F64, seed % 2 == 0);
    const TraceGraph graph = trace(drawn_op.op, drawn_op.operands);
    Call call{3, 5, {}};
    call.operands = test::random_tables(graph, 3, 5, seed);
    Derivatives derivatives;
    check_derivatives(derivatives, drawn_op.op, call, random);
  }
}

constexpr OpDef same_rows_op = rowwise({.name = "same_rows", .promotion_methods = {promote({0, 1}, Default)}},
                                       [](Tensor x, Column c) { return column_sum(x + c); });

TEST_CASE("a derivative that would take the number of rows says so") {
  Derivatives derivatives;
  CHECK_THROWS_WITH(derivatives.gradient(same_rows_op, 1, 2),
                    Catch::Matchers::ContainsSubstring("op 'same_rows' has no gradient: it would add up what is the "
                                                       "same in every row"));
  CHECK(derivatives.gradient(same_rows_op, 1, 1).op != nullptr);
}

// The gradient with respect to the first operand of one row, for an incoming gradient of 1 of the first result.
Numbers row_gradient(const OpDef& op, const Numbers& row, DType dtype = F32) {
  Derivatives derivatives;
  Call call{1, row.size(), {{}}};
  for (const double x : row) call.operands[0].push_back(real(dtype, x));
  const Derived& gradient = derivatives.gradient(op, 1, 1);
  const Elements ones(evaluate(op, call)[0].size(), real(dtype, 1));
  return derivative(op, gradient, call, {ones}, {row.size()})[0];
}

bool all_nan(const Numbers& numbers) {
  return std::ranges::all_of(numbers, [](double x) { return std::isnan(x); });
}

TEST_CASE("gradients at ties, zeros and NaN are PyTorch's") {
  CHECK(row_gradient(ops::amax_op, {3, 1, 3, 2}) == Numbers{0.5, 0, 0.5, 0});
  CHECK(row_gradient(ops::amin_op, {3, 1, 1, 1}) == Numbers{0, 1.0f / 3, 1.0f / 3, 1.0f / 3});
  CHECK(all_nan(row_gradient(ops::amax_op, {3, nan, 3})));
  CHECK(row_gradient(ops::max_dim_op, {3, 1, 3, 2}) == Numbers{1, 0, 0, 0});
  CHECK(row_gradient(ops::max_dim_op, {3, nan, nan}) == Numbers{0, 1, 0});
  CHECK(row_gradient(ops::min_dim_op, {3, 1, 1}) == Numbers{0, 1, 0});
  CHECK(row_gradient(ops::prod_op, {2, 3, 4}) == Numbers{12, 8, 6});
  CHECK(row_gradient(ops::prod_op, {2, 0, 4}) == Numbers{0, 8, 0});
  CHECK(row_gradient(ops::prod_op, {2, 0, 0}) == Numbers{0, 0, 0});
  CHECK(row_gradient(ops::logsumexp_op, {-inf, 0, -inf}) == Numbers{0, 1, 0});
  CHECK(row_gradient(ops::sum_op, {1, nan}) == Numbers{1, 1});
  CHECK(row_gradient(ops::mean_op, {1, 2, 3, 4}) == Numbers{0.25, 0.25, 0.25, 0.25});
}

std::string operands_of(const Derived& derived) {
  std::string text;
  for (const OperandDef& operand : derived.op->operands) text += (text.empty() ? "" : " ") + std::string(operand.name);
  return text;
}

TraceGraph trace_of(const OpDef& op, DType dtype = F32) {
  std::vector<CallOperand> operands;
  for (const OperandDef& operand : op.operands)
    operands.push_back(operand.kind == OperandKind::Scalar ? test::number(F64) : test::tensor(dtype));
  return trace(op, operands);
}

std::size_t count(const TraceGraph& graph, ScalarOp op) {
  return static_cast<std::size_t>(std::ranges::count(graph.nodes, op, &TraceNode::op));
}

// How often the rows are read: once more than reductions that depend on each other.
std::size_t sweeps(const TraceGraph& graph) {
  std::vector<std::size_t> known;
  for (const TraceNode& node : graph.nodes) {
    std::size_t after = node.op == ScalarOp::Reduce ? 1 : 0, before = 0;
    for (const std::int32_t arg : node.args)
      if (arg >= 0) before = std::max(before, known[static_cast<std::size_t>(arg)]);
    known.push_back(before + after);
  }
  return *std::ranges::max_element(known);
}

TEST_CASE("the gradient of a norm has two sums in one sweep, and reads statistics that were returned") {
  Derivatives derivatives;
  const Derived& gradient = derivatives.gradient(ops::layer_norm_op, 1, 7);
  CHECK(operands_of(gradient) == "grad0 result1 result2 x weight");
  const TraceGraph graph = trace_of(*gradient.op);
  CHECK(count(graph, ScalarOp::Reduce) == 2);
  CHECK(sweeps(graph) == 1);
  CHECK(graph.is_rowwise);
  REQUIRE(graph.results.size() == 3);
  CHECK(graph.results[0].extent == Extent::Element);
  CHECK(graph.results[1].extent == Extent::Column);
  CHECK(graph.results[2].extent == Extent::Column);
  CHECK(graph.operands[1].extent == Extent::Row);
  CHECK(graph.operands[4].extent == Extent::Column);

  const Derived& rms = derivatives.gradient(ops::rms_norm_op, 1, 3);
  CHECK(operands_of(rms) == "grad0 result1 x weight");
  CHECK(count(trace_of(*rms.op), ScalarOp::Reduce) == 1);
}

TEST_CASE("statistics keep their dtype, and gradients have that of their own") {
  Derivatives derivatives;
  const Derived& gradient = derivatives.gradient(ops::layer_norm_op, 1, 7);
  const TraceGraph graph = trace(*gradient.op, std::array{test::tensor(BF16), test::tensor(F32), test::tensor(F32),
                                                          test::tensor(BF16), test::tensor(BF16)});
  for (const TraceResult& result : graph.results) CHECK(result.dtype == BF16);
  CHECK(graph.operands[1] == TraceOperand{"result1", OperandForm::Tensor, F32, F32, 1, Extent::Row});
}

TEST_CASE("the gradients of softmax and its logarithm read what was returned, and sum once") {
  Derivatives derivatives;
  for (const OpDef* op : {&ops::softmax_op, &ops::log_softmax_op}) {
    INFO(op->name);
    const Derived& gradient = derivatives.gradient(*op, 1, 1);
    CHECK(operands_of(gradient) == "grad result");
    CHECK(count(trace_of(*gradient.op), ScalarOp::Reduce) == 1);
  }
}

TEST_CASE("the gradients of losses and of logsumexp read the logarithm that was returned, and sum nothing") {
  Derivatives derivatives;
  const Derived& logsumexp = derivatives.gradient(ops::logsumexp_op, 1, 1);
  CHECK(operands_of(logsumexp) == "grad result x");
  CHECK(count(trace_of(*logsumexp.op), ScalarOp::Reduce) == 0);
  const Derived& loss = derivatives.gradient(cross_entropy_op, 1, 1);
  CHECK(operands_of(loss) == "grad0 result1 x y");
  const TraceGraph graph =
      trace(*loss.op, std::array{test::tensor(BF16), test::tensor(F32), test::tensor(BF16), test::tensor(I64)});
  CHECK(count(graph, ScalarOp::Reduce) == 0);
  CHECK(graph.results[0].dtype == BF16);
}

TEST_CASE("a gradient that is the same along a row is one of the row, beside a tensor that says how long that is") {
  Derivatives derivatives;
  const Derived& sum = derivatives.gradient(ops::sum_op, 1, 1);
  CHECK(operands_of(sum) == "grad x");
  CHECK(to_string(trace_of(*sum.op)) ==
        "rowwise op sum_vjp_x\n"
        "operand grad tensor f32 as f32, position 0, row\n"
        "operand x tensor f32 as f32, position 1, element\n"
        "%0 = operand grad : f32\n"
        "%1 = operand x : f32\n"
        "result out %0 as f32, row\n");
  const Derived& max = derivatives.gradient(ops::max_dim_op, 1, 1);
  CHECK(operands_of(max) == "grad0 result1 x");
  CHECK(count(trace_of(*max.op), ScalarOp::Reduce) == 0);
}

TEST_CASE("a derivative is a trace like any other") {
  Derivatives derivatives;
  for (const OpDef* op : ops::rowwise_catalogue().all()) {
    if (op->name.starts_with("vector_norm")) continue;  // some have no gradient, others none at single points
    if (op->promotions[0].kind == Index || op->promotions[0].kind == AlwaysBool) continue;
    const Derived& gradient = derivatives.gradient(*op, 1, 1);
    CHECK(gradient.op->is_rowwise);
    CHECK(std::ranges::any_of(gradient.op->operands, [](const OperandDef& operand) {
      return operand.kind == OperandKind::Tensor && !operand.is_optional;
    }));
  }
}

}  // namespace
}  // namespace gems
