// expect: success
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    rowwise({.name = "op",
             .is_tensor = {true, true, true, true, false},
             .promotion_methods = {promote({0, 1, 2}, Default), promote({0}, Accumulate), promote({0}, Index),
                                   promote({0}, IntegralToLong)},
             .names = {"x", "weight", "residual", "target", "scale"}},
            [](Tensor x, Optional<Column> weight, Optional<Tensor> residual, Row target, Scalar scale) {
              const Expr sum = residual ? x + *residual : Expr(x);
              const Expr value = weight ? sum * *weight : sum;
              return outputs(value * scale, row_mean(value) + pick(x, target), row_argmax(x), column_sum(value));
            });
