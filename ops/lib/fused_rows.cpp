// Definitions of fused_rows.h.
#include "gems/ops/fused_rows.h"

#include <limits>
#include <optional>

#include "affine.h"
#include "gelu.h"
#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

namespace {

Expr activate(const Expr& x, Flag act) {
  if (act == "none") return x;
  if (act == "relu") return max(x, 0);
  if (act == "silu") return x / (1 + exp(-x));
  return gelu(x, Flag(act == "gelu_tanh" ? "tanh" : "none"));
}

}  // namespace

constexpr OpDef skip_rms_norm_op =
    rowwise({.name = "skip_rms_norm",
             .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1}, Default)},
             .names = {"x", "residual", "weight", "eps"},
             .accepts = Domain::Float},
            [](Tensor x, Tensor residual, Optional<Column> weight, Scalar eps) {
              const Expr sum = round_to_result(x + residual, 1);
              return outputs(affine(sum * rsqrt(row_mean(sum * sum) + eps), weight, {}), sum);
            });

constexpr OpDef skip_layer_norm_op =
    rowwise({.name = "skip_layer_norm",
             .promotion_methods = {promote({0, 1, 2, 3}, Default), promote({0, 1}, Default)},
             .names = {"x", "residual", "weight", "bias", "eps"},
             .accepts = Domain::Float},
            [](Tensor x, Tensor residual, Optional<Column> weight, Optional<Column> bias, Scalar eps) {
              const Expr sum = round_to_result(x + residual, 1);
              const Moments moments = row_moments(sum);
              return outputs(affine((sum - moments.mean) * rsqrt(moments.variance + eps), weight, bias), sum);
            });

namespace {

Expr gemma_rms_norm(const Expr& x, const Column& weight, const Scalar& eps) {
  return x * rsqrt(row_mean(x * x) + eps) * (1 + weight);
}

}  // namespace

constexpr OpDef gemma_rms_norm_op =
    rowwise({.name = "gemma_rms_norm",
             .promotion_methods = {promote({0, 1}, Default)},
             .names = {"x", "weight", "eps"},
             .accepts = Domain::Float},
            [](Tensor x, Column weight, Scalar eps) { return gemma_rms_norm(x, weight, eps); });

constexpr OpDef skip_gemma_rms_norm_op =
    rowwise({.name = "skip_gemma_rms_norm",
             .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1}, Default)},
             .names = {"x", "residual", "weight", "eps"},
             .accepts = Domain::Float},
            [](Tensor x, Tensor residual, Column weight, Scalar eps) {
              const Expr sum = round_to_result(x + residual, 1);
              return outputs(gemma_rms_norm(sum, weight, eps), sum);
            });

constexpr OpDef masked_softmax_op = rowwise({.name = "masked_softmax",
                                             .promotion_methods = {promote({0}, Default)},
                                             .names = {"x", "mask", "scale"},
                                             .accepts = Domain::Float},
                                            [](Tensor x, Optional<Tensor> mask, Scalar scale) {
                                              Expr scores = x * scale;
                                              if (mask) scores = scores + cast_like(*mask, x);
                                              const auto [maximum, sum] = row_exp_sum(scores);
                                              return exp(scores - maximum) / sum;
                                            });

constexpr OpDef cross_entropy_rows_op = rowwise(
    {.name = "cross_entropy_rows",
     .dtypes = {std::nullopt, std::nullopt, std::nullopt, std::nullopt, DType::I64},
     .promotion_methods = {promote({0}, Accumulate), promote({0}, Accumulate), promote({0}, Accumulate)},
     .names = {"logits", "target", "weight", "label_smoothing", "ignore_index"},
     .accepts = Domain::Float},
    [](Tensor x, Row target, Optional<Column> weight, Scalar label_smoothing, Scalar ignore_index) {
      const auto [maximum, sum] = row_exp_sum(x);
      const Expr log_sum = maximum + log(sum);
      const Expr index = cast(target, DType::I64);
      const Expr is_inside = logical_and(index >= 0, index < row_length(x));
      const Expr own = weight ? pick(cast_like(*weight, x), index) : cast_like(is_inside, x);
      // Reductions that need no other: one sweep.
      const Expr of_all = weight ? log_sum * row_mean(cast_like(*weight, x)) - row_mean(cast_like(*weight, x) * x)
                                 : log_sum - row_mean(x);
      const Expr loss = (1 - label_smoothing) * (own * (log_sum - pick(x, index))) +
                        select(label_smoothing == 0, 0, label_smoothing * of_all);
      const auto known = [&](Expr value) {
        const Expr or_nan = select(is_inside, value, std::numeric_limits<double>::quiet_NaN());
        return select(index == ignore_index, 0, or_nan);
      };
      return outputs(known(loss), known(own), log_sum);
    });

constexpr OpDef cross_entropy_gradient_op =
    rowwise({.name = "cross_entropy_gradient",
             .dtypes = {std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, DType::I64},
             .promotion_methods = {promote({0}, Default)},
             .names = {"logits", "target", "log_sum", "scale", "label_smoothing", "ignore_index"},
             .accepts = Domain::Float},
            [](Tensor x, Row target, Row log_sum, Row scale, Scalar label_smoothing, Scalar ignore_index) {
              const Expr index = cast(target, DType::I64);
              const Expr is_inside = logical_and(index >= 0, index < row_length(x));
              const Expr wanted =
                  select(row_index(x) == index, 1 - label_smoothing, 0) + label_smoothing / cast_like(row_length(x), x);
              const Expr gradient = scale * (exp(x - log_sum) - wanted);
              const Expr or_nan = select(is_inside, gradient, std::numeric_limits<double>::quiet_NaN());
              return select(index == ignore_index, 0, or_nan);
            });

constexpr OpDef bias_act_op = rowwise({.name = "bias_act",
                                       .promotion_methods = {promote({0, 1, 2}, Default)},
                                       .names = {"x", "bias", "residual", "act"},
                                       .defaults = {std::nullopt, std::nullopt, std::nullopt, "gelu"},
                                       .choices = {{}, {}, {}, {"relu", "gelu", "gelu_tanh", "silu"}},
                                       .accepts = Domain::Float},
                                      [](Tensor x, Optional<Column> bias, Optional<Tensor> residual, Flag act) {
                                        const Expr sum = bias ? x + *bias : Expr(x);
                                        const Expr value = activate(sum, act);
                                        return residual ? value + *residual : value;
                                      });

constexpr OpDef dot_rows_op =
    rowwise({.name = "dot_rows",
             .promotion_methods = {promote({0, 1, 2}, Default)},
             .names = {"x", "y", "addend", "beta", "alpha"},
             .accepts = Domain::Float},
            [](Tensor x, Tensor y, Optional<Row> addend, Optional<Scalar> beta, Optional<Scalar> alpha) {
              Expr product = row_sum(x * y);
              if (alpha) product = product * *alpha;
              if (!addend) return product;
              return product + (beta ? *addend * *beta : Expr(*addend));
            });

constexpr OpDef dot_rows_act_op =
    rowwise({.name = "dot_rows_act",
             .promotion_methods = {promote({0, 1, 2, 3}, Default)},
             .names = {"x", "y", "addend", "residual", "act"},
             .defaults = {std::nullopt, std::nullopt, std::nullopt, std::nullopt, "gelu"},
             .choices = {{}, {}, {}, {}, {"none", "relu", "gelu", "gelu_tanh", "silu"}},
             .accepts = Domain::Float},
            [](Tensor x, Tensor y, Optional<Row> addend, Optional<Row> residual, Flag act) {
              const Expr product = row_sum(x * y);
              const Expr value = activate(addend ? product + *addend : product, act);
              return residual ? value + *residual : value;
            });

constexpr OpDef dot_rows_gate_op =
    rowwise({.name = "dot_rows_gate",
             .promotion_methods = {promote({0, 1, 2, 3, 4}, Default)},
             .names = {"x", "gates", "values", "gate_addend", "value_addend", "act"},
             .defaults = {std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, "silu"},
             .choices = {{}, {}, {}, {}, {}, {"silu", "gelu", "gelu_tanh"}},
             .accepts = Domain::Float},
            [](Tensor x, Tensor gates, Tensor values, Optional<Row> gate_addend, Optional<Row> value_addend, Flag act) {
              const Expr of_gate = row_sum(x * gates);
              const Expr of_value = row_sum(x * values);
              return activate(gate_addend ? of_gate + *gate_addend : of_gate, act) *
                     (value_addend ? of_value + *value_addend : of_value);
            });

void register_fused_rows(Registry& registry) {
  for (const OpDef* op : {&skip_rms_norm_op, &skip_layer_norm_op, &gemma_rms_norm_op, &skip_gemma_rms_norm_op,
                          &masked_softmax_op, &cross_entropy_rows_op, &cross_entropy_gradient_op, &bias_act_op,
                          &dot_rows_op, &dot_rows_act_op, &dot_rows_gate_op})
    registry.add(*op);
}

}  // namespace gems::ops
