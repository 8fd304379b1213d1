// Three operators: torch.ops.my_ops.swish_glu, torch.ops.my_ops.clipped_error and torch.ops.my_ops.mish.
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

// x * sigmoid(beta * x), gated.
constexpr OpDef swish_glu_op =
    pointwise({.name = "swish_glu",
               .promotion_methods = {promote({0, 1}, Default)},
               .names = {"x", "gate", "beta"},
               .accepts = Domain::Float},
              [](Tensor x, Tensor gate, Scalar beta) { return x * sigmoid(beta * x) * gate; });

// The difference, clipped, and where it was clipped.
constexpr OpDef clipped_error_op =
    pointwise({.name = "clipped_error",
               .promotion_methods = {promote({0, 1}, Default), promote({0, 1}, AlwaysBool)},
               .names = {"prediction", "target", "limit"},
               .accepts = Domain::Float},
              [](Tensor prediction, Tensor target, Scalar limit) {
                const Expr error = prediction - target;
                return outputs(min(max(error, -limit), limit), abs(error) > limit);
              });

// An activation, also for torch.ops.gems.linear_act: https://arxiv.org/abs/1908.08681.
constexpr OpDef mish_op =
    pointwise({.name = "mish", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
              [](Tensor x) { return x * tanh(max(x, 0) + log1p(exp(-abs(x)))); });

GEMS_OPERATORS(my_ops, swish_glu_op, clipped_error_op, mish_op)
