// Definitions of fused.h.
#include "gems/ops/fused.h"

#include <optional>

#include "gelu.h"
#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef silu_and_mul_op = pointwise({.name = "silu_and_mul", .promotion_methods = {promote({0, 1}, Default)}},
                                            [](Tensor x, Tensor y) { return x / (1 + exp(-x)) * y; });

constexpr OpDef silu_and_mul_grad_op =
    pointwise({.name = "silu_and_mul_grad",
               .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1, 2}, Default)},
               .names = {"x", "y", "grad"}},
              [](Tensor x, Tensor y, Tensor grad) {
                const Expr s = 1 / (1 + exp(-x));
                if (is_complex(x.dtype())) return outputs(grad * y * s * (1 + x * (1 - s)), grad * x * s);
                return outputs(grad * y * s * fma(x, 1 - s, 1), grad * x * s);
              });

constexpr OpDef gelu_and_mul_op =
    pointwise({.name = "gelu_and_mul",
               .promotion_methods = {promote({0, 1}, Default)},
               .names = {"x", "y", "approximate"},
               .defaults = {std::nullopt, std::nullopt, "none"}},
              [](Tensor x, Tensor y, Flag approximate) { return gelu(x, approximate) * y; });

constexpr OpDef gelu_and_mul_grad_op =
    pointwise({.name = "gelu_and_mul_grad",
               .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1, 2}, Default)},
               .names = {"x", "y", "grad", "approximate"},
               .defaults = {std::nullopt, std::nullopt, std::nullopt, "none"}},
              [](Tensor x, Tensor y, Tensor grad, Flag approximate) {
                return outputs(grad * y * gelu_derivative(x, approximate), grad * gelu(x, approximate));
              });

constexpr OpDef bias_gelu_op =
    pointwise({.name = "bias_gelu",
               .promotion_methods = {promote({0, 1}, Default)},
               .names = {"x", "bias", "approximate"},
               .defaults = {std::nullopt, std::nullopt, "none"}},
              [](Tensor x, Tensor bias, Flag approximate) { return gelu(x + bias, approximate); });

constexpr OpDef residual_scale_add_op = pointwise({.name = "residual_scale_add",
                                                   .promotion_methods = {promote({0, 1}, Default)},
                                                   .names = {"x", "residual", "scale"}},
                                                  [](Tensor x, Tensor residual, Scalar scale) {
                                                    if (is_float(x.dtype())) return fma(scale, x, residual);
                                                    return residual + scale * x;
                                                  });

void register_fused(Registry& registry) {
  for (const OpDef* op : {&silu_and_mul_op, &silu_and_mul_grad_op, &gelu_and_mul_op, &gelu_and_mul_grad_op,
                          &bias_gelu_op, &residual_scale_add_op})
    registry.add(*op);
}

}  // namespace gems::ops
