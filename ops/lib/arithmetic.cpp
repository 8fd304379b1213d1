// Definitions of arithmetic.h.
#include "gems/ops/arithmetic.h"

#include <optional>

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

// ATen's kernels round x + alpha * y once on floats, also on the CPU.
constexpr OpDef add_op =
    pointwise({.name = "add", .promotion_methods = {promote({0, 1}, Default)}, .names = {"x", "y", "alpha"}},
              [](Tensor x, Tensor y, Scalar alpha) {
                if (is_bool(x.dtype())) return x | (y & alpha);
                if (is_float(x.dtype())) return fma(alpha, y, x);
                return x + alpha * y;
              });

constexpr OpDef sub_op = pointwise({.name = "sub",
                                    .promotion_methods = {promote({0, 1}, Default)},
                                    .names = {"x", "y", "alpha"},
                                    .accepts = Domain::Number},
                                   [](Tensor x, Tensor y, Scalar alpha) {
                                     if (is_float(x.dtype())) return fma(-alpha, y, x);
                                     return x - alpha * y;
                                   });

constexpr OpDef mul_op =
    pointwise({.name = "mul", .promotion_methods = {promote({0, 1}, Default)}}, [](Tensor x, Tensor y) {
      if (is_bool(x.dtype())) return x & y;
      return x * y;
    });

constexpr OpDef div_op = pointwise({.name = "div", .promotion_methods = {promote({0, 1}, IntToFloat)}},
                                   [](Tensor x, Tensor y) { return x / y; });

constexpr OpDef div_trunc_op =
    pointwise({.name = "div_trunc", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::Real},
              [](Tensor x, Tensor y) { return trunc_div(x, y); });

constexpr OpDef div_floor_op =
    pointwise({.name = "div_floor", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::Real},
              [](Tensor x, Tensor y) { return floor_div(x, y); });

constexpr OpDef neg_op =
    pointwise({.name = "neg", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Number},
              [](Tensor x) { return -x; });

constexpr OpDef abs_op = pointwise({.name = "abs", .promotion_methods = {promote({0}, ComplexToFloat)}},
                                   [](Tensor x) -> Expr { return is_bool(x.dtype()) ? Expr(x) : abs(x); });

constexpr OpDef abs_float8_op =
    pointwise({.name = "abs_float8", .promotion_methods = {promote({0}, NoOpmath)}, .accepts = Domain::Real},
              [](Tensor x) { return select(x < 0, -x, x); });

constexpr OpDef reciprocal_op = pointwise({.name = "reciprocal", .promotion_methods = {promote({0}, IntToFloat)}},
                                          [](Tensor x) { return reciprocal(x); });

constexpr OpDef pow_op = pointwise({.name = "pow", .promotion_methods = {promote({0, 1}, BoolToLong)}},
                                   [](Tensor x, Tensor y) { return pow(x, y); });

// The powers that ATen's kernels multiply out (ATen/native/cuda/PowKernel.cu, ATen/native/cpu/PowKernel.cpp).
constexpr OpDef pow_multiplied_op = pointwise({.name = "pow_multiplied",
                                               .promotion_methods = {promote({0}, BoolToLong)},
                                               .names = {"x", "exponent"},
                                               .defaults = {std::nullopt, 2},
                                               .choices = {{}, {2, 3, -2}},
                                               .accepts = Domain::Number},
                                              [](Tensor x, Flag exponent) {
                                                const Expr square = x * x;
                                                if (exponent.as_int() == 3) return square * x;
                                                return exponent.as_int() == 2 ? square : 1 / square;
                                              });

void register_arithmetic(Registry& registry) {
  for (const OpDef* op : {&add_op, &sub_op, &mul_op, &div_op, &div_trunc_op, &div_floor_op, &neg_op, &abs_op,
                          &abs_float8_op, &reciprocal_op, &pow_op, &pow_multiplied_op})
    registry.add(*op);
}

}  // namespace gems::ops
