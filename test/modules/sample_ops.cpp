// A module as a user writes one: an operator with a flag and a number, one of two results, one whose body is wrong, and
// an activation.
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef swish_glu_op = pointwise({.name = "swish_glu",
                                          .promotion_methods = {promote({0, 1}, Default)},
                                          .names = {"x", "gate", "beta", "mode"},
                                          .defaults = {std::nullopt, std::nullopt, std::nullopt, "exact"},
                                          .choices = {{}, {}, {}, {"exact", "hard"}},
                                          .accepts = Domain::Float},
                                         [](Tensor x, Tensor gate, Scalar beta, Flag mode) {
                                           if (mode == "hard") return gate * x * min(max(x / 6 + 0.5, 0), 1);
                                           return gate * x * sigmoid(beta * x);
                                         });

constexpr OpDef sum_and_difference_op =
    pointwise({.name = "sum_and_difference", .promotion_methods = {promote({0, 1}, Default), promote({0, 1}, Default)}},
              [](Tensor x, Tensor y) { return outputs(x + y, x - y); });

constexpr OpDef wrong_op = pointwise({.name = "wrong", .promotion_methods = {promote({0, 1}, Default)}},
                                     [](Tensor x, Tensor y) { return x & y; });

// By Misra, https://arxiv.org/abs/1908.08681.
constexpr OpDef mish_op =
    pointwise({.name = "mish", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
              [](Tensor x) { return x * tanh(max(x, 0) + log1p(exp(-abs(x)))); });

GEMS_OPERATORS(sample_ops, swish_glu_op, sum_and_difference_op, wrong_op, mish_op)
