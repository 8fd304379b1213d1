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

constexpr OpDef group_norm_elements_op = pointwise({.name = "group_norm_elements",
                                                    .promotion_methods = {promote({0}, Default)},
                                                    .names = {"x", "mean", "rstd", "weight", "bias"},
                                                    .accepts = Domain::Float},
                                                   [](Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor bias) {
                                                     const Expr normal = (x - cast_like(mean, x)) * cast_like(rstd, x);
                                                     return fma(normal, cast_like(weight, x), cast_like(bias, x));
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
             .promotion_methods = {promote({0, 1}, Default), promote({0, 1}, Default)},
             .names = {"normal_sums", "grad_sums", "weight", "count"},
             .accepts = Domain::Float},
            [](Tensor normal_sums, Tensor grad_sums, Tensor weight, Scalar count) {
              const Expr by = cast_like(weight, normal_sums);
              return outputs(row_sum(normal_sums * by) / count, row_sum(grad_sums * by) / count);
            });

constexpr OpDef group_norm_parameters_op =
    rowwise({.name = "group_norm_parameters",
             .promotion_methods = {promote({0}, Default), promote({1}, Default)},
             .names = {"normal_sums", "grad_sums"},
             .accepts = Domain::Float},
            [](Tensor normal_sums, Tensor grad_sums) { return outputs(row_sum(normal_sums), row_sum(grad_sums)); });

constexpr OpDef group_norm_gradient_elements_op = pointwise(
    {.name = "group_norm_gradient_elements",
     .promotion_methods = {promote({0, 1}, Default)},
     .names = {"grad", "x", "mean", "rstd", "weight", "normal_mean", "grad_mean"},
     .accepts = Domain::Float},
    [](Tensor grad, Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor normal_mean, Tensor grad_mean) {
      const Expr by = cast_like(rstd, x);
      const Expr normal = (x - cast_like(mean, x)) * by;
      return (grad * cast_like(weight, x) - cast_like(grad_mean, x) - normal * cast_like(normal_mean, x)) * by;
    });

void register_group_norm(Registry& registry) {
  for (const OpDef* op : {&group_norm_statistics_op, &group_norm_statistics_rounded_op, &group_norm_sums_op,
                          &group_norm_means_op, &group_norm_parameters_op})
    registry.add(*op);
}

void register_group_norm_elements(Registry& registry) {
  for (const OpDef* op : {&group_norm_elements_op, &group_norm_gradient_elements_op}) registry.add(*op);
}

}  // namespace gems::ops
