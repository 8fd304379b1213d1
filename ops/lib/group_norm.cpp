// Definitions of group_norm.h.
#include "gems/ops/group_norm.h"

#include <optional>

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef group_norm_statistics_op =
    rowwise({.name = "group_norm_statistics",
             .promotion_methods = {promote({0}, Accumulate), promote({0}, Accumulate)},
             .names = {"x", "eps"},
             .accepts = Domain::Float},
            [](Tensor x, Scalar eps) {
              const Moments moments = row_moments(x);
              return outputs(moments.mean, rsqrt(moments.variance + eps));
            });

constexpr OpDef group_norm_statistics_rounded_op =
    rowwise({.name = "group_norm_statistics_rounded",
             .promotion_methods = {promote({0}, Default), promote({0}, Default), promote({0}, Accumulate),
                                   promote({0}, Accumulate)},
             .names = {"x", "eps"},
             .accepts = Domain::Float},
            [](Tensor x, Scalar eps) {
              const Moments moments = row_moments(x);
              const Expr rstd = rsqrt(moments.variance + eps);
              return outputs(moments.mean, rstd, moments.mean, rstd);
            });

constexpr OpDef group_norm_elements_op =
    rowwise({.name = "group_norm_elements",
             .promotion_methods = {promote({0}, Default)},
             .names = {"x", "mean", "rstd", "weight", "bias"},
             .accepts = Domain::Float},
            [](Tensor x, Row mean, Row rstd, Optional<Row> weight, Optional<Row> bias) {
              const Expr by_rstd = cast_like(rstd, x);
              const Expr scale = weight ? by_rstd * cast_like(*weight, x) : by_rstd;
              const Expr scaled = (x - cast_like(mean, x)) * scale;
              return bias ? scaled + cast_like(*bias, x) : scaled;
            });

constexpr OpDef group_norm_sums_op =
    rowwise({.name = "group_norm_sums",
             .promotion_methods = {promote({0, 1}, Accumulate), promote({0, 1}, Accumulate)},
             .names = {"grad", "x", "mean", "rstd"},
             .accepts = Domain::Float},
            [](Tensor grad, Tensor x, Row mean, Row rstd) {
              const Expr normal = (x - cast_like(mean, x)) * cast_like(rstd, x);
              return outputs(row_sum(grad * normal), row_sum(grad));
            });

constexpr OpDef group_norm_means_op =
    rowwise({.name = "group_norm_means",
             .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1, 2}, Default)},
             .names = {"normal_sums", "grad_sums", "weight", "count"},
             .accepts = Domain::Float},
            [](Tensor normal_sums, Tensor grad_sums, Optional<Tensor> weight, Scalar count) {
              const auto mean = [&](Expr sums) { return row_sum(weight ? sums * *weight : sums) / count; };
              return outputs(mean(normal_sums), mean(grad_sums));
            });

constexpr OpDef group_norm_parameters_op =
    rowwise({.name = "group_norm_parameters",
             .promotion_methods = {promote({0}, Default), promote({1}, Default)},
             .names = {"normal_sums", "grad_sums"},
             .accepts = Domain::Float},
            [](Tensor normal_sums, Tensor grad_sums) { return outputs(row_sum(normal_sums), row_sum(grad_sums)); });

constexpr OpDef group_norm_gradient_elements_op =
    rowwise({.name = "group_norm_gradient_elements",
             .promotion_methods = {promote({0, 1}, Default)},
             .names = {"grad", "x", "mean", "rstd", "normal_mean", "grad_mean", "weight"},
             .accepts = Domain::Float},
            [](Tensor grad, Tensor x, Row mean, Row rstd, Row normal_mean, Row grad_mean, Optional<Row> weight) {
              const Expr scale = cast_like(rstd, x);
              const Expr of_grad = weight ? scale * cast_like(*weight, x) : scale;
              const Expr of_distance = scale * scale * cast_like(normal_mean, x);
              return grad * of_grad - scale * cast_like(grad_mean, x) - (x - cast_like(mean, x)) * of_distance;
            });

void register_group_norm(Registry& registry) {
  for (const OpDef* op :
       {&group_norm_statistics_op, &group_norm_statistics_rounded_op, &group_norm_elements_op, &group_norm_sums_op,
        &group_norm_means_op, &group_norm_parameters_op, &group_norm_gradient_elements_op})
    registry.add(*op);
}

}  // namespace gems::ops
