// Definitions of softmax.h.
#include "gems/ops/softmax.h"

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

namespace {

Expr softmax_of(Tensor x) {
  const auto [maximum, sum] = row_exp_sum(x);
  return exp(x - maximum) / sum;
}

Expr log_softmax_of(Tensor x) {
  const auto [maximum, sum] = row_exp_sum(x);
  return x - maximum - log(sum);
}

}  // namespace

constexpr OpDef softmax_op =
    rowwise({.name = "softmax", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
            [](Tensor x) { return softmax_of(x); });

constexpr OpDef log_softmax_op =
    rowwise({.name = "log_softmax", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
            [](Tensor x) { return log_softmax_of(x); });

// Of half precision to f32, not rounded in between.
constexpr OpDef softmax_wide_op =
    rowwise({.name = "softmax_wide", .promotion_methods = {promote({0}, Accumulate)}, .accepts = Domain::Float},
            [](Tensor x) { return softmax_of(x); });
constexpr OpDef log_softmax_wide_op =
    rowwise({.name = "log_softmax_wide", .promotion_methods = {promote({0}, Accumulate)}, .accepts = Domain::Float},
            [](Tensor x) { return log_softmax_of(x); });

constexpr OpDef softmax_backward_op =
    rowwise({.name = "softmax_backward",
             .promotion_methods = {promote({0, 1}, Default)},
             .names = {"grad", "output"},
             .accepts = Domain::Float},
            [](Tensor grad, Tensor output) { return (grad - row_sum(grad * output)) * output; });

constexpr OpDef log_softmax_backward_op =
    rowwise({.name = "log_softmax_backward",
             .promotion_methods = {promote({0, 1}, Default)},
             .names = {"grad", "output"},
             .accepts = Domain::Float},
            [](Tensor grad, Tensor output) { return grad - exp(output) * row_sum(grad); });

void register_softmax(Registry& registry) {
  for (const OpDef* op : {&softmax_op, &log_softmax_op, &softmax_wide_op, &log_softmax_wide_op, &softmax_backward_op,
                          &log_softmax_backward_op})
    registry.add(*op);
}

}  // namespace gems::ops
