// Definitions of reduction.h.
#include "gems/ops/reduction.h"

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef sum_op =
    rowwise({.name = "sum", .promotion_methods = {promote({0}, IntegralToLong)}}, [](Tensor x) { return row_sum(x); });

constexpr OpDef mean_op =
    rowwise({.name = "mean", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::FloatOrComplex},
            [](Tensor x) { return row_mean(x); });

// Of half precision to f32, not rounded in between.
constexpr OpDef sum_wide_op =
    rowwise({.name = "sum_wide", .promotion_methods = {promote({0}, Accumulate)}, .accepts = Domain::FloatOrComplex},
            [](Tensor x) { return row_sum(x); });
constexpr OpDef mean_wide_op =
    rowwise({.name = "mean_wide", .promotion_methods = {promote({0}, Accumulate)}, .accepts = Domain::FloatOrComplex},
            [](Tensor x) { return row_mean(x); });

constexpr OpDef prod_op =
    rowwise({.name = "prod", .promotion_methods = {promote({0}, IntegralToLong)}, .accepts = Domain::Ordered},
            [](Tensor x) { return row_prod(x); });

constexpr OpDef amax_op =
    rowwise({.name = "amax", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Ordered},
            [](Tensor x) { return row_max(x); });
constexpr OpDef amin_op =
    rowwise({.name = "amin", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Ordered},
            [](Tensor x) { return row_min(x); });

constexpr OpDef argmax_op =
    rowwise({.name = "argmax", .promotion_methods = {promote({0}, Index)}, .accepts = Domain::Ordered},
            [](Tensor x) { return row_argmax(x); });
constexpr OpDef argmin_op =
    rowwise({.name = "argmin", .promotion_methods = {promote({0}, Index)}, .accepts = Domain::Ordered},
            [](Tensor x) { return row_argmin(x); });

constexpr OpDef max_dim_op = rowwise(
    {.name = "max_dim", .promotion_methods = {promote({0}, Default), promote({0}, Index)}, .accepts = Domain::Ordered},
    [](Tensor x) {
      const auto [value, index] = row_max_with_index(x);
      return outputs(value, index);
    });
constexpr OpDef min_dim_op = rowwise(
    {.name = "min_dim", .promotion_methods = {promote({0}, Default), promote({0}, Index)}, .accepts = Domain::Ordered},
    [](Tensor x) {
      const auto [value, index] = row_min_with_index(x);
      return outputs(value, index);
    });

constexpr OpDef any_op =
    rowwise({.name = "any", .promotion_methods = {promote({0}, AlwaysBool)}}, [](Tensor x) { return row_any(x); });
constexpr OpDef all_op =
    rowwise({.name = "all", .promotion_methods = {promote({0}, AlwaysBool)}}, [](Tensor x) { return row_all(x); });

constexpr OpDef count_nonzero_op = rowwise({.name = "count_nonzero", .promotion_methods = {promote({0}, Index)}},
                                           [](Tensor x) { return row_count(x); });

namespace {

// The variance with `correction` degrees of freedom taken off, a real number; infinity or NaN where none are left.
Expr corrected(const Moments& moments, Expr x, Scalar correction) {
  return moments.squares / max(cast_like(row_length(x), x) - cast_like(correction, x), 0);
}

Expr variance_of(Expr x, Scalar correction) { return corrected(row_moments(x), x, correction); }

}  // namespace

constexpr OpDef var_op = rowwise({.name = "var",
                                  .promotion_methods = {promote({0}, Default)},
                                  .names = {"x", "correction"},
                                  .accepts = Domain::Float},
                                 [](Tensor x, Scalar correction) { return variance_of(x, correction); });
constexpr OpDef std_op = rowwise({.name = "std",
                                  .promotion_methods = {promote({0}, Default)},
                                  .names = {"x", "correction"},
                                  .accepts = Domain::Float},
                                 [](Tensor x, Scalar correction) { return sqrt(variance_of(x, correction)); });
constexpr OpDef var_mean_op = rowwise({.name = "var_mean",
                                       .promotion_methods = {promote({0}, Default), promote({0}, Default)},
                                       .names = {"x", "correction"},
                                       .accepts = Domain::Float},
                                      [](Tensor x, Scalar correction) {
                                        const Moments moments = row_moments(x);
                                        return outputs(corrected(moments, x, correction), moments.mean);
                                      });
constexpr OpDef std_mean_op = rowwise({.name = "std_mean",
                                       .promotion_methods = {promote({0}, Default), promote({0}, Default)},
                                       .names = {"x", "correction"},
                                       .accepts = Domain::Float},
                                      [](Tensor x, Scalar correction) {
                                        const Moments moments = row_moments(x);
                                        return outputs(sqrt(corrected(moments, x, correction)), moments.mean);
                                      });

// The same in f64, as ATen computes on the CPU: squares of what f32 holds are no infinities, those of small differences
// no zeros.
constexpr OpDef var_in_f64_op =
    rowwise({.name = "var_in_f64",
             .promotion_methods = {promote({0}, Default)},
             .names = {"x", "correction"},
             .accepts = Domain::Float},
            [](Tensor x, Scalar correction) { return cast_like(variance_of(cast(x, DType::F64), correction), x); });
constexpr OpDef std_in_f64_op = rowwise(
    {.name = "std_in_f64",
     .promotion_methods = {promote({0}, Default)},
     .names = {"x", "correction"},
     .accepts = Domain::Float},
    [](Tensor x, Scalar correction) { return cast_like(sqrt(variance_of(cast(x, DType::F64), correction)), x); });
constexpr OpDef var_mean_in_f64_op =
    rowwise({.name = "var_mean_in_f64",
             .promotion_methods = {promote({0}, Default), promote({0}, Default)},
             .names = {"x", "correction"},
             .accepts = Domain::Float},
            [](Tensor x, Scalar correction) {
              const Expr wide = cast(x, DType::F64);
              const Moments moments = row_moments(wide);
              return outputs(cast_like(corrected(moments, wide, correction), x), cast_like(moments.mean, x));
            });
constexpr OpDef std_mean_in_f64_op =
    rowwise({.name = "std_mean_in_f64",
             .promotion_methods = {promote({0}, Default), promote({0}, Default)},
             .names = {"x", "correction"},
             .accepts = Domain::Float},
            [](Tensor x, Scalar correction) {
              const Expr wide = cast(x, DType::F64);
              const Moments moments = row_moments(wide);
              return outputs(cast_like(sqrt(corrected(moments, wide, correction)), x), cast_like(moments.mean, x));
            });

constexpr OpDef logsumexp_op =
    rowwise({.name = "logsumexp", .promotion_methods = {promote({0}, IntToFloat)}, .accepts = Domain::Float},
            [](Tensor x) { return row_logsumexp(x); });

void register_reduction(Registry& registry) {
  for (const OpDef* op : {&sum_op,
                          &mean_op,
                          &sum_wide_op,
                          &mean_wide_op,
                          &prod_op,
                          &amax_op,
                          &amin_op,
                          &argmax_op,
                          &argmin_op,
                          &max_dim_op,
                          &min_dim_op,
                          &any_op,
                          &all_op,
                          &count_nonzero_op,
                          &var_op,
                          &std_op,
                          &var_mean_op,
                          &std_mean_op,
                          &var_in_f64_op,
                          &std_in_f64_op,
                          &var_mean_in_f64_op,
                          &std_mean_in_f64_op,
                          &logsumexp_op})
    registry.add(*op);
}

}  // namespace gems::ops
