// A module with rowwise operators: operands that a call may leave out, of rows and of columns, and sums of columns.
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef scaled_norm_op =
    rowwise({.name = "scaled_norm",
             .promotion_methods = {promote({0, 1}, Default), promote({0}, Accumulate), promote({0}, Default)},
             .names = {"x", "weight", "at"}},
            [](Tensor x, Optional<Column> weight, Row at) {
              const Expr scale = rsqrt(row_mean(x * x)) * pick(x, at);
              const Expr value = x * scale;
              return outputs(weight ? value * *weight : value, scale, column_sum(value));
            });

constexpr OpDef plain_sum_op = rowwise({.name = "plain_sum", .promotion_methods = {promote({0}, IntegralToLong)}},
                                       [](Tensor x) { return row_sum(x); });

GEMS_OPERATORS(row_ops, scaled_norm_op, plain_sum_op)
