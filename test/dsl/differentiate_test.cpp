// Gradient and tangent ops: against finite differences in f64 for the whole catalogue and for random bodies, at the
// points where a convention decides, and what of an op they read.
#include "gems/dsl/differentiate.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <limits>
#include <random>
#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "calls.h"
#include "elements.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/ops/activation.h"
#include "gems/ops/arithmetic.h"
#include "gems/ops/catalogue.h"
#include "gems/ops/comparison.h"
#include "gems/ops/fused.h"
#include "gems/ops/math.h"
#include "gems/ops/selection.h"

namespace gems {
namespace {

using enum DType;
using Catch::Matchers::ContainsSubstring;
using test::real;
using Complex = std::complex<double>;
using From = DerivedOperand::From;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A call of an op: one number for each operand that is no flag, the value of each flag.
struct Call {
  DType dtype = F64;
  std::vector<Complex> numbers;
  std::vector<FlagValue> flags;
};

std::size_t number_count(const OpDef& op) {
  return static_cast<std::size_t>(
      std::ranges::count_if(op.operands, [](const OperandDef& each) { return each.kind != OperandKind::Flag; }));
}

// Whether no promotion names the operand, which makes it a condition.
bool is_condition(const OpDef& op, std::size_t position) {
  return std::ranges::none_of(op.promotions, [&](const Promotion& promotion) {
    return std::ranges::find(promotion.operands, static_cast<int>(position)) != promotion.operands.end();
  });
}

std::vector<Complex> evaluate(const OpDef& op, const Call& call) {
  std::vector<CallOperand> operands;
  std::vector<Element> elements;
  std::size_t number = 0, flag = 0;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    if (op.operands[i].kind == OperandKind::Flag) {
      operands.push_back(test::flag(call.flags.at(flag++)));
      continue;
    }
    const bool is_tensor = op.operands[i].kind == OperandKind::Tensor;
    const Complex value = call.numbers.at(number++);
    const DType dtype = is_tensor ? is_condition(op, i) ? Bool : call.dtype : F64;
    operands.push_back(is_tensor ? test::tensor(dtype) : CallOperand{CallOperand::Kind::Number, F64, false});
    elements.push_back(dtype == Bool ? test::truth(value != 0.0) : real(dtype, value));
  }
  const TraceGraph graph = trace(op, operands);
  for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = cast_element(elements[i], graph.operands[i].storage);
  std::vector<Complex> results;
  for (const Element& result : interpret(graph, elements))
    results.push_back(is_integral(result.dtype) ? Complex(static_cast<double>(result.integer)) : result.value);
  return results;
}

// The call of a derived op at the same point, in the same flags.
Call derived_call(const OpDef& op, const Derived& derived, const Call& call, const std::vector<Complex>& incoming) {
  Call made{call.dtype, {}, call.flags};
  const std::vector<Complex> results = evaluate(op, call);
  std::size_t next = 0;
  for (const auto& [from, index] : derived.operands) {
    const auto at = static_cast<std::size_t>(index);
    if (from == From::Incoming) made.numbers.push_back(incoming.at(next++));
    if (from == From::Result) made.numbers.push_back(results.at(at));
    if (from == From::Operand && op.operands[at].kind != OperandKind::Flag) {
      std::size_t number = 0;
      for (std::size_t i = 0; i < at; ++i) number += op.operands[i].kind != OperandKind::Flag;
      made.numbers.push_back(call.numbers.at(number));
    }
  }
  return made;
}

std::vector<Complex> derivative(const OpDef& op, const Derived& derived, const Call& call,
                                const std::vector<Complex>& incoming) {
  std::vector<Complex> results;
  std::vector<Complex> found;
  if (derived.op != nullptr) found = evaluate(*derived.op, derived_call(op, derived, call, incoming));
  for (const int result : derived.results)
    results.push_back(result < 0 ? 0.0 : found.at(static_cast<std::size_t>(result)));
  return results;
}

// Positions of the tensors that have a derivative.
std::vector<std::size_t> differentiable(const OpDef& op) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    if (op.operands[i].kind == OperandKind::Tensor && !is_condition(op, i)) positions.push_back(i);
  return positions;
}
PositionSet set_of(const std::vector<std::size_t>& positions) {
  PositionSet set = 0;
  for (const std::size_t position : positions) set |= only(position);
  return set;
}
// An op has a limited number of operands and results: sets of two positions.
std::vector<std::vector<std::size_t>> groups(const std::vector<std::size_t>& positions) {
  std::vector<std::vector<std::size_t>> all;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (i % 2 == 0) all.emplace_back();
    all.back().push_back(positions[i]);
  }
  return all;
}
PositionSet all_results(const OpDef& op) { return static_cast<PositionSet>((1u << op.result_count()) - 1); }

std::size_t number_at(const OpDef& op, std::size_t position) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < position; ++i) number += op.operands[i].kind != OperandKind::Flag;
  return number;
}

Complex slope(const OpDef& op, const Call& call, std::size_t position, std::size_t result, Complex direction) {
  const double step = 1e-5;
  Call above = call, below = call;
  above.numbers[number_at(op, position)] += step * direction;
  below.numbers[number_at(op, position)] -= step * direction;
  return (evaluate(op, above)[result] - evaluate(op, below)[result]) / (2 * step);
}

bool near(Complex a, Complex b) { return std::abs(a - b) <= 2e-6 * (1 + std::abs(b)); }

// All combinations of the values that flags may have.
std::vector<std::vector<FlagValue>> flag_choices(const OpDef& op) {
  std::vector<std::vector<FlagValue>> all{{}};
  for (const OperandDef& operand : op.operands) {
    if (operand.kind != OperandKind::Flag) continue;
    std::vector<FlagValue> choices(operand.choices.begin(), operand.choices.end());
    if (choices.empty()) choices = {false, true};
    std::vector<std::vector<FlagValue>> longer;
    for (const auto& before : all)
      for (const FlagValue& choice : choices) {
        longer.push_back(before);
        longer.back().push_back(choice);
      }
    all = longer;
  }
  return all;
}

// Numbers that are apart from each other and from the places where ops have a kink or a jump.
std::vector<Complex> sample(std::size_t count, std::mt19937& random, bool is_complex = false) {
  std::uniform_real_distribution<double> part(0.15, 0.3);
  std::vector<Complex> numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.emplace_back(0.35 * static_cast<double>(i % 4) + part(random) + 0.05, is_complex ? part(random) : 0);
  return numbers;
}

// The gradients of all operands at once, and each alone, and the tangents, beside finite differences.
void check_derivatives(Derivatives& derivatives, const OpDef& op, const Call& call, std::mt19937& random) {
  INFO(op.name);
  const bool is_complex_call = is_complex(call.dtype);
  const std::vector<std::size_t> positions = differentiable(op);
  const std::vector<Complex> incoming = sample(op.result_count(), random, is_complex_call);
  std::vector<Complex> gradients;
  for (const auto& group : groups(positions)) {
    const Derived& gradient = derivatives.gradient(op, all_results(op), set_of(group));
    std::ranges::copy(derivative(op, gradient, call, incoming), std::back_inserter(gradients));
  }
  const std::vector<Complex> moving = sample(positions.size(), random, is_complex_call);
  std::vector<Complex> tangents(op.result_count());
  std::size_t moved = 0;
  for (const auto& group : groups(positions)) {
    const std::vector<Complex> of_group(moving.begin() + static_cast<std::ptrdiff_t>(moved),
                                        moving.begin() + static_cast<std::ptrdiff_t>(moved + group.size()));
    const std::vector<Complex> terms = derivative(op, derivatives.tangent(op, set_of(group)), call, of_group);
    for (std::size_t r = 0; r < terms.size(); ++r) tangents[r] += terms[r];
    moved += group.size();
  }
  std::vector<Complex> expected_tangents(op.result_count());
  for (std::size_t p = 0; p < positions.size(); ++p) {
    // d Re(conj(incoming) * result), by the real and the imaginary part of the operand.
    Complex expected = 0;
    for (std::size_t r = 0; r < op.result_count(); ++r) {
      const auto along = [&](Complex direction) {
        return (std::conj(incoming[r]) * slope(op, call, positions[p], r, direction)).real();
      };
      expected += is_complex_call ? Complex(along(1), along({0, 1})) : Complex(along(1));
      expected_tangents[r] += slope(op, call, positions[p], r, moving[p]);
    }
    INFO("operand " << positions[p]);
    CHECK(near(gradients[p], expected));
    const Derived& alone = derivatives.gradient(op, all_results(op), only(positions[p]));
    CHECK(near(derivative(op, alone, call, incoming)[0], expected));
  }
  for (std::size_t r = 0; r < op.result_count(); ++r) CHECK(near(tangents[r], expected_tangents[r]));
}

bool takes(const OpDef& op, DType dtype) { return contains(op.accepts, dtype); }
bool is_only_truth(const OpDef& op) {
  return std::ranges::all_of(op.promotions,
                             [](const Promotion& each) { return each.kind == PromotionKind::AlwaysBool; });
}

std::vector<const OpDef*> differentiable_ops(DType dtype) {
  std::vector<const OpDef*> ops;
  for (const OpDef* op : ops::catalogue().all())
    if (takes(*op, dtype) && !is_only_truth(*op) && op->name != "adam_step") ops.push_back(op);
  return ops;
}

TEST_CASE("gradients and tangents of the catalogue are those of finite differences") {
  std::mt19937 random(1);
  Derivatives derivatives([](const OpDef& op) { return op.name == "clamp" ? Ties::First : Ties::Share; });
  for (const OpDef* op : differentiable_ops(F64))
    for (const auto& flags : flag_choices(*op))
      for (int i = 0; i < 5; ++i)
        check_derivatives(derivatives, *op, {F64, sample(number_count(*op), random), flags}, random);
}

TEST_CASE("so are second derivatives") {
  std::mt19937 random(2);
  Derivatives derivatives;
  for (const OpDef* op : differentiable_ops(F64)) {
    for (const PositionSet wanted : {set_of(differentiable(*op)), only(differentiable(*op)[0])}) {
      const Derived& first = derivatives.gradient(*op, all_results(*op), wanted);
      if (first.op == nullptr) continue;
      for (const auto& flags : flag_choices(*op)) {
        const Call call{F64, sample(number_count(*op), random), flags};
        check_derivatives(derivatives, *first.op, derived_call(*op, first, call, sample(op->result_count(), random)),
                          random);
      }
    }
  }
}

TEST_CASE("gradients of complex numbers are those of PyTorch's convention") {
  std::mt19937 random(3);
  Derivatives derivatives;
  for (const OpDef* op : differentiable_ops(C128))
    for (const auto& flags : flag_choices(*op)) {
      // Functions of a complex number that are not smooth there, and what is not defined on it.
      if (op->name == "sign" || op->name.find("backward") != std::string_view::npos) continue;
      Call call{C128, sample(number_count(*op), random, true), flags};
      for (std::size_t i = 0; i < op->operands.size(); ++i)
        if (op->operands[i].kind == OperandKind::Scalar) call.numbers[number_at(*op, i)] = 0.5;
      try {
        evaluate(*op, call);
      } catch (const Error&) {
        continue;  // not on complex numbers
      }
      check_derivatives(derivatives, *op, call, random);
    }
}

// A body that is drawn: an op whose source is a list of nodes.
class RandomBody final : public TraceSource {
 public:
  RandomBody(std::mt19937& random, int operands, int length) : operands_(operands) {
    std::uniform_int_distribution<std::size_t> pick(0, choices.size() - 1);
    for (int i = 0; i < length; ++i) {
      std::uniform_int_distribution<int> any(0, operands + i - 1);
      steps_.push_back({choices[pick(random)], {any(random), any(random), any(random)}});
    }
  }

  TraceGraph trace(const OpDef& op, std::span<const CallOperand> operands, const ResolvedTypes& types,
                   std::span<const DType> result_dtypes) const override {
    Tracer tracer(op, operands, types, result_dtypes);
    std::vector<dsl::Expr> values;
    for (int i = 0; i < operands_; ++i) values.push_back(tracer.argument<dsl::Tensor>(static_cast<std::size_t>(i)));
    for (const Step& step : steps_) {
      const auto arg = [&](int i) { return values[static_cast<std::size_t>(step.args[static_cast<std::size_t>(i)])]; };
      // Arguments are kept small and positive, where all of these are smooth.
      const auto tame = [&](int i) { return dsl::sigmoid(arg(i)) + 0.25; };
      if (step.op == ScalarOp::Select)
        values.push_back(dsl::select(arg(0) < 0.1234, arg(1), arg(2)));
      else if (arity(step.op) == 1)
        values.push_back(dsl::apply(step.op, tame(0)));
      else if (arity(step.op) == 2)
        values.push_back(dsl::apply(step.op, tame(0), tame(1)));
      else
        values.push_back(dsl::apply(step.op, tame(0), tame(1), tame(2)));
    }
    tracer.add_result(values.back() * values[values.size() / 2]);
    tracer.add_result(values.back());
    return std::move(tracer).take();
  }

 private:
  static constexpr std::array choices{
      ScalarOp::Add,   ScalarOp::Sub,  ScalarOp::Mul,  ScalarOp::Div,   ScalarOp::Fma,       ScalarOp::Neg,
      ScalarOp::Exp,   ScalarOp::Exp2, ScalarOp::Log,  ScalarOp::Log2,  ScalarOp::Log10,     ScalarOp::Log1p,
      ScalarOp::Expm1, ScalarOp::Sqrt, ScalarOp::Sin,  ScalarOp::Cos,   ScalarOp::Rsqrt,     ScalarOp::Reciprocal,
      ScalarOp::Tanh,  ScalarOp::Tan,  ScalarOp::Erf,  ScalarOp::Erfc,  ScalarOp::Sigmoid,   ScalarOp::Sinh,
      ScalarOp::Cosh,  ScalarOp::Atan, ScalarOp::Pow,  ScalarOp::Atan2, ScalarOp::Max,       ScalarOp::Min,
      ScalarOp::Fmax,  ScalarOp::Fmin, ScalarOp::Fmod, ScalarOp::Abs,   ScalarOp::Remainder, ScalarOp::Copysign,
      ScalarOp::Select};
  struct Step {
    ScalarOp op;
    std::array<int, 3> args;
  };
  int operands_;
  std::vector<Step> steps_;
};

TEST_CASE("so are gradients, second gradients and tangents of random bodies") {
  std::mt19937 random(4);
  for (int i = 0; i < 300; ++i) {
    const RandomBody body(random, 3, 6);
    OpDef op;
    op.name = "random";
    op.source = &body;
    op.operands.count = 3;
    for (std::size_t x = 0; x < 3; ++x) op.operands[x].name = dsl::detail::tensor_names[x];
    op.promotions = {promote({0, 1, 2}, PromotionKind::Default), promote({0, 1, 2}, PromotionKind::Default)};
    Derivatives derivatives;
    const Call call{F64, sample(3, random), {}};
    check_derivatives(derivatives, op, call, random);
    const Derived& first = derivatives.gradient(op, all_results(op), only(0));
    if (first.op == nullptr) continue;
    check_derivatives(derivatives, *first.op, derived_call(op, first, call, sample(2, random)), random);
  }
}

// The gradients of an op of one result at a point, for an incoming gradient of 1.
std::vector<Complex> gradients_at(const OpDef& op, std::vector<Complex> numbers, Ties ties = Ties::Share,
                                  std::vector<FlagValue> flags = {}, DType dtype = F32) {
  Derivatives derivatives(ties == Ties::Share ? [](const OpDef&) { return Ties::Share; }
                                              : [](const OpDef&) { return Ties::First; });
  return derivative(op, derivatives.gradient(op, 1, set_of(differentiable(op))), {dtype, std::move(numbers), flags},
                    {1.0});
}
double gradient_at(const OpDef& op, double x) { return gradients_at(op, {x})[0].real(); }

TEST_CASE("gradients at zeros, ties and bounds are PyTorch's") {
  using namespace gems::ops;
  CHECK(gradient_at(relu_op, 0) == 0);
  CHECK(gradient_at(relu_op, 1) == 1);
  CHECK(gradient_at(relu_op, nan) == 1);
  CHECK(gradient_at(abs_op, 0) == 0);
  CHECK(gradient_at(sqrt_op, 0) == inf);
  CHECK(gradients_at(maximum_op, {2, 2}) == std::vector<Complex>{0.5, 0.5});
  CHECK(gradients_at(minimum_op, {1, 2}) == std::vector<Complex>{1, 0});
  for (const double x : {-1.0, 3.0})
    CHECK(gradients_at(clamp_op, {x, -1, 3}, Ties::First) == std::vector<Complex>{1, 0, 0});
  CHECK(gradients_at(clamp_op, {-2, -1, 3}, Ties::First) == std::vector<Complex>{0, 1, 0});
  CHECK(gradients_at(clamp_op, {4, -1, 3}, Ties::First) == std::vector<Complex>{0, 0, 1});
  CHECK(gradients_at(pow_op, {0, 0})[0] == 0.0);
  CHECK(gradients_at(pow_op, {0, 2})[1] == 0.0);
  CHECK(gradients_at(div_floor_op, {5, 3}) == std::vector<Complex>{0, 0});
  CHECK(gradients_at(abs_op, {Complex(0, 0)}, Ties::Share, {}, C64)[0] == 0.0);
}

TEST_CASE("a choice masks the gradient of what it does not take") {
  Derivatives derivatives;
  const Derived& gradient = derivatives.gradient(ops::where_op, 1, only(1) | only(2));
  CHECK(derivative(ops::where_op, gradient, {F32, {1, 2, nan}, {}}, {inf}) == std::vector<Complex>{inf, 0});
  CHECK(derivative(ops::where_op, gradient, {F32, {0, nan, 2}, {}}, {inf}) == std::vector<Complex>{0, inf});
}

TEST_CASE("the logistic function keeps its gradient where exp overflows") {
  CHECK(gradient_at(ops::silu_op, -200) == 0);
  CHECK(gradient_at(ops::silu_op, 200) == 1);
  CHECK(gradients_at(ops::silu_and_mul_op, {-200, 3})[0] == 0.0);
}

std::string operands_of(const Derived& derived) {
  std::string text;
  for (const OperandDef& operand : derived.op->operands) text += (text.empty() ? "" : " ") + std::string(operand.name);
  return text;
}

TEST_CASE("a gradient reads what it needs") {
  Derivatives derivatives;
  CHECK(operands_of(derivatives.gradient(ops::add_op, 1, 1)) == "grad");
  CHECK(operands_of(derivatives.gradient(ops::add_op, 1, 2)) == "grad alpha");
  CHECK(operands_of(derivatives.gradient(ops::mul_op, 1, 1)) == "grad y");
  CHECK(operands_of(derivatives.gradient(ops::mul_op, 1, 3)) == "grad x y");
  CHECK(operands_of(derivatives.gradient(ops::where_op, 1, 2)) == "grad condition");
  CHECK(operands_of(derivatives.gradient(ops::gelu_op, 1, 1)) == "grad x approximate");
  for (const OpDef* op :
       {&ops::exp_op, &ops::sqrt_op, &ops::rsqrt_op, &ops::sigmoid_op, &ops::tanh_op, &ops::reciprocal_op})
    CHECK(operands_of(derivatives.gradient(*op, 1, 1)) == "grad result");
}

TEST_CASE("equal gradients are one result, and what is zero is none") {
  Derivatives derivatives;
  const Derived& bias_gelu = derivatives.gradient(ops::bias_gelu_op, 1, 3);
  CHECK(bias_gelu.results == std::vector<int>{0, 0});
  CHECK(bias_gelu.op->result_count() == 1);
  const Derived& floor = derivatives.gradient(ops::div_floor_op, 1, 3);
  CHECK(floor.results == std::vector<int>{-1, -1});
  CHECK(floor.op == nullptr);
}

TEST_CASE("a derived op is made once") {
  Derivatives derivatives;
  const Derived& first = derivatives.gradient(ops::silu_and_mul_op, 1, 3);
  CHECK(&derivatives.gradient(ops::silu_and_mul_op, 1, 3) == &first);
  CHECK(first.op->name == "silu_and_mul_vjp_x_y");
  CHECK(derivatives.tangent(ops::silu_and_mul_op, 1).op->name == "silu_and_mul_jvp_x");
}

TEST_CASE("gradients are computed as their op is and rounded to the dtype of the incoming ones") {
  Derivatives derivatives;
  const Derived& gradient = derivatives.gradient(ops::mul_op, 1, 1);
  const TraceGraph graph = trace(*gradient.op, std::vector{test::tensor(BF16), test::tensor(BF16)});
  CHECK(graph.results[0].dtype == BF16);
  for (const TraceNode& node : graph.nodes) CHECK(node.dtype == F32);
  CHECK(to_string(graph) ==
        "op mul_vjp_x\n"
        "operand grad tensor bf16 as f32, position 0\n"
        "operand y tensor bf16 as f32, position 1\n"
        "%0 = operand grad : f32\n"
        "%1 = operand y : f32\n"
        "%2 = mul %0, %1 : f32\n"
        "result out %2 as bf16\n");
}

TEST_CASE("what has no derivative says so") {
  Derivatives derivatives;
  CHECK_THROWS_WITH(derivatives.gradient(ops::rotate_interleaved_op, 1, 2),
                    ContainsSubstring("op 'rotate_interleaved' has no gradient: "));
  CHECK_THROWS_WITH(derivatives.gradient(ops::adam_step_op, 7, 15),
                    ContainsSubstring("op 'adam_step' has no gradient: it would take") &&
                        ContainsSubstring("operands, and an op takes at most 12"));
  constexpr OpDef bits = dsl::pointwise({.name = "bits", .promotion_methods = {promote({0}, PromotionKind::Default)}},
                                        [](dsl::Tensor x) { return dsl::bit_cast(dsl::bit_cast(x, I32) + 1, F32); });
  CHECK_THROWS_WITH(derivatives.gradient(bits, 1, 1), ContainsSubstring("bit_cast has no derivative"));
}

}  // namespace
}  // namespace gems
