// Definitions of fused.h.
#include "gems/ops/fused.h"

#include <array>
#include <optional>
#include <string>

#include "gelu.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

namespace {

// The pair (x, y) turned by an angle.
std::array<Expr, 2> rotate(const Expr& x, const Expr& y, const Expr& cos, const Expr& sin) {
  if (!is_float(x.dtype())) return {x * cos - y * sin, y * cos + x * sin};
  return {fma(x, cos, -(y * sin)), fma(y, cos, x * sin)};
}

}  // namespace

constexpr OpDef silu_and_mul_op = pointwise(
    {.name = "silu_and_mul", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::FloatOrComplex},
    [](Tensor x, Tensor y) { return x / (1 + exp(-x)) * y; });

constexpr OpDef silu_and_mul_grad_op =
    pointwise({.name = "silu_and_mul_grad",
               .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1, 2}, Default)},
               .names = {"x", "y", "grad"},
               .accepts = Domain::FloatOrComplex},
              [](Tensor x, Tensor y, Tensor grad) {
                const Expr s = 1 / (1 + exp(-x));
                if (is_complex(x.dtype())) return outputs(grad * y * s * (1 + x * (1 - s)), grad * x * s);
                return outputs(grad * y * s * fma(x, 1 - s, 1), grad * x * s);
              });

constexpr OpDef gelu_and_mul_op =
    pointwise({.name = "gelu_and_mul",
               .promotion_methods = {promote({0, 1}, Default)},
               .names = {"x", "y", "approximate"},
               .defaults = {std::nullopt, std::nullopt, "none"},
               .choices = {{}, {}, {"none", "tanh"}},
               .accepts = Domain::Float},
              [](Tensor x, Tensor y, Flag approximate) { return gelu(x, approximate) * y; });

constexpr OpDef gelu_and_mul_grad_op =
    pointwise({.name = "gelu_and_mul_grad",
               .promotion_methods = {promote({0, 1, 2}, Default), promote({0, 1, 2}, Default)},
               .names = {"x", "y", "grad", "approximate"},
               .defaults = {std::nullopt, std::nullopt, std::nullopt, "none"},
               .choices = {{}, {}, {}, {"none", "tanh"}},
               .accepts = Domain::Float},
              [](Tensor x, Tensor y, Tensor grad, Flag approximate) {
                return outputs(grad * y * gelu_derivative(x, approximate), grad * gelu(x, approximate));
              });

constexpr OpDef bias_gelu_op =
    pointwise({.name = "bias_gelu",
               .promotion_methods = {promote({0, 1}, Default)},
               .names = {"x", "bias", "approximate"},
               .defaults = {std::nullopt, std::nullopt, "none"},
               .choices = {{}, {}, {"none", "tanh"}},
               .accepts = Domain::Float},
              [](Tensor x, Tensor bias, Flag approximate) { return gelu(x + bias, approximate); });

constexpr OpDef residual_scale_add_op = pointwise({.name = "residual_scale_add",
                                                   .promotion_methods = {promote({0, 1}, Default)},
                                                   .names = {"x", "residual", "scale"},
                                                   .accepts = Domain::Number},
                                                  [](Tensor x, Tensor residual, Scalar scale) {
                                                    if (is_float(x.dtype())) return fma(scale, x, residual);
                                                    return residual + scale * x;
                                                  });

constexpr OpDef rotate_pairs_op =
    pointwise({.name = "rotate_pairs",
               .promotion_methods = {promote({0, 1, 2, 3}, Default), promote({0, 1, 2, 3}, Default)},
               .names = {"x", "y", "cos", "sin", "inverse"},
               .defaults = {std::nullopt, std::nullopt, std::nullopt, std::nullopt, false},
               .accepts = Domain::Number},
              [](Tensor x, Tensor y, Tensor cos, Tensor sin, Flag inverse) {
                const auto [left, right] = rotate(x, y, cos, inverse ? -sin : Expr(sin));
                return outputs(left, right);
              });

constexpr OpDef rotate_interleaved_op = pointwise(
    {.name = "rotate_interleaved",
     .promotion_methods = {promote({0}, Default)},
     .names = {"pair", "cos", "sin", "element", "inverse"},
     .defaults = {std::nullopt, std::nullopt, std::nullopt, "bf16", false},
     .choices = {{}, {}, {}, {"bf16", "f16", "f32"}, {}},
     .accepts = Domain::Integral},
    [](Tensor pair, Tensor cos, Tensor sin, Flag element, Flag inverse) {
      const bool is_wide = element == "f32";
      if (pair.dtype() != (is_wide ? U64 : U32))
        throw Error("op 'rotate_interleaved' takes pairs of bf16 or f16 in u32, of f32 in u64: operand 0 'pair' is " +
                    std::string(name(pair.dtype())) + ", view it as that dtype, or choose another element");
      const DType dtype = is_wide ? F32 : element == "f16" ? F16 : BF16;
      const DType bits = is_wide ? U32 : U16;
      const int width = is_wide ? 32 : 16;
      const auto half = [&](const Expr& word) { return cast(bit_cast(cast(word, bits), dtype), F32); };
      const auto word = [&](const Expr& value) { return cast_like(bit_cast(cast(value, dtype), bits), pair); };
      const Expr angle = cast(sin, F32);
      const auto [left, right] = rotate(half(pair), half(pair >> width), cast(cos, F32), inverse ? -angle : angle);
      return word(left) | word(right) << width;
    });

// Kingma and Ba, "Adam", algorithm 1; Loshchilov and Hutter, "Decoupled weight decay regularization", algorithm 2; the
// order of operations is that of torch.optim.adam._single_tensor_adam.
constexpr OpDef adam_step_op =
    pointwise({.name = "adam_step",
               .dtypes = {{}, {}, {}, {}, F64, F64, F64, F64, F64, F64, F64, {}},
               .promotion_methods = {promote({0, 1, 2, 3}, Default), promote({0, 1, 2, 3}, Default),
                                     promote({0, 1, 2, 3}, Default)},
               .names = {"param", "grad", "exp_avg", "exp_avg_sq", "lr", "beta1", "beta2", "eps", "weight_decay",
                         "bias_correction1", "bias_correction2", "decoupled"},
               .defaults = {std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                            std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, false},
               .accepts = Domain::Float},
              [](Tensor param, Tensor grad, Tensor exp_avg, Tensor exp_avg_sq, Scalar lr, Scalar beta1, Scalar beta2,
                 Scalar eps, Scalar weight_decay, Scalar bias_correction1, Scalar bias_correction2, Flag decoupled) {
                const auto number = [&](Expr value) { return cast_like(value, param); };
                const bool decays_apart(decoupled);
                const Expr decayed = decays_apart ? param * number(1 - lr * weight_decay) : Expr(param);
                const Expr slope = decays_apart ? Expr(grad) : fma(number(weight_decay), param, grad);
                const Expr mean = fma(number(1 - beta1), slope - exp_avg, exp_avg);
                const Expr square = fma(number(1 - beta2) * slope, slope, number(beta2) * exp_avg_sq);
                const Expr root = sqrt(square) / number(sqrt(bias_correction2)) + number(eps);
                return outputs(decayed - number(lr / bias_correction1) * (mean / root), mean, square);
              });

void register_fused(Registry& registry) {
  for (const OpDef* op :
       {&silu_and_mul_op, &silu_and_mul_grad_op, &gelu_and_mul_op, &gelu_and_mul_grad_op, &bias_gelu_op,
        &residual_scale_add_op, &rotate_pairs_op, &rotate_interleaved_op, &adam_step_op})
    registry.add(*op);
}

}  // namespace gems::ops
