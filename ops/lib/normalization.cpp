// Definitions of normalization.h.
#include "gems/ops/normalization.h"

#include "affine.h"
#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef layer_norm_op =
    rowwise({.name = "layer_norm",
             .promotion_methods = {promote({0, 1, 2}, Default), promote({0}, Accumulate), promote({0}, Accumulate)},
             .names = {"x", "weight", "bias", "eps"},
             .accepts = Domain::Float},
            [](Tensor x, Optional<Column> weight, Optional<Column> bias, Scalar eps) {
              const Moments moments = row_moments(x);
              const Expr rstd = rsqrt(moments.variance + eps);
              return outputs(affine((x - moments.mean) * rstd, weight, bias), moments.mean, rstd);
            });

constexpr OpDef rms_norm_op = rowwise({.name = "rms_norm",
                                       .promotion_methods = {promote({0, 1}, Default), promote({0}, Accumulate)},
                                       .names = {"x", "weight", "eps"},
                                       .accepts = Domain::Float},
                                      [](Tensor x, Optional<Column> weight, Scalar eps) {
                                        const Expr rstd = rsqrt(row_mean(x * x) + eps);
                                        return outputs(affine(x * rstd, weight, {}), rstd);
                                      });

constexpr OpDef layer_norm_backward_op =
    rowwise({.name = "layer_norm_backward",
             .promotion_methods = {promote({0, 1, 4}, Default), promote({4}, Default), promote({4}, Default)},
             .names = {"grad", "x", "mean", "rstd", "weight"},
             .accepts = Domain::Float},
            [](Tensor grad, Tensor x, Row mean, Row rstd, Column weight) {
              const Expr normal = (x - mean) * rstd;
              const Expr weighted = grad * weight;
              const Expr dx = (weighted - row_mean(weighted) - normal * row_mean(weighted * normal)) * rstd;
              return outputs(dx, column_sum(grad * normal), column_sum(grad));
            });

constexpr OpDef rms_norm_backward_op =
    rowwise({.name = "rms_norm_backward",
             .promotion_methods = {promote({0, 1, 3}, Default), promote({3}, Default)},
             .names = {"grad", "x", "rstd", "weight"},
             .accepts = Domain::Float},
            [](Tensor grad, Tensor x, Row rstd, Column weight) {
              const Expr normal = x * rstd;
              const Expr weighted = grad * weight;
              return outputs((weighted - normal * row_mean(weighted * normal)) * rstd, column_sum(grad * normal));
            });

void register_normalization(Registry& registry) {
  for (const OpDef* op : {&layer_norm_op, &rms_norm_op, &layer_norm_backward_op, &rms_norm_backward_op})
    registry.add(*op);
}

}  // namespace gems::ops
