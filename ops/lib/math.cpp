// Definitions of math.h.
#include "gems/ops/math.h"

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef exp_op =
    pointwise({.name = "exp", .promotion_methods = {promote({0}, IntToFloat)}}, [](Tensor x) { return exp(x); });

constexpr OpDef log_op =
    pointwise({.name = "log", .promotion_methods = {promote({0}, IntToFloat)}}, [](Tensor x) { return log(x); });

constexpr OpDef sqrt_op =
    pointwise({.name = "sqrt", .promotion_methods = {promote({0}, IntToFloat)}}, [](Tensor x) { return sqrt(x); });

constexpr OpDef rsqrt_op =
    pointwise({.name = "rsqrt", .promotion_methods = {promote({0}, IntToFloat)}}, [](Tensor x) { return rsqrt(x); });

constexpr OpDef sin_op =
    pointwise({.name = "sin", .promotion_methods = {promote({0}, IntToFloat)}}, [](Tensor x) { return sin(x); });

constexpr OpDef cos_op =
    pointwise({.name = "cos", .promotion_methods = {promote({0}, IntToFloat)}}, [](Tensor x) { return cos(x); });

constexpr OpDef erf_op =
    pointwise({.name = "erf", .promotion_methods = {promote({0}, IntToFloat)}, .accepts = Domain::Float},
              [](Tensor x) { return erf(x); });

void register_math(Registry& registry) {
  for (const OpDef* op : {&exp_op, &log_op, &sqrt_op, &rsqrt_op, &sin_op, &cos_op, &erf_op}) registry.add(*op);
}

}  // namespace gems::ops
