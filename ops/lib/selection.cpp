// Definitions of selection.h.
#include "gems/ops/selection.h"

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef where_op =
    pointwise({.name = "where", .promotion_methods = {promote({1, 2}, NoOpmath)}, .names = {"condition", "x", "y"}},
              [](Tensor condition, Tensor x, Tensor y) { return select(condition, x, y); });

constexpr OpDef masked_fill_op =
    pointwise({.name = "masked_fill", .promotion_methods = {promote({0}, NoOpmath)}, .names = {"x", "mask", "value"}},
              [](Tensor x, Tensor mask, Scalar value) { return select(mask, value, x); });

constexpr OpDef clamp_op = pointwise({.name = "clamp",
                                      .promotion_methods = {promote({0, 1, 2}, Default)},
                                      .names = {"x", "lower", "upper"},
                                      .accepts = Domain::Real},
                                     [](Tensor x, Tensor lower, Tensor upper) { return min(max(x, lower), upper); });

constexpr OpDef clamp_min_op = pointwise({.name = "clamp_min",
                                          .promotion_methods = {promote({0, 1}, Default)},
                                          .names = {"x", "lower"},
                                          .accepts = Domain::Ordered},
                                         [](Tensor x, Tensor lower) {
                                           if (is_bool(x.dtype())) return x | lower;
                                           return max(x, lower);
                                         });

constexpr OpDef clamp_max_op = pointwise({.name = "clamp_max",
                                          .promotion_methods = {promote({0, 1}, Default)},
                                          .names = {"x", "upper"},
                                          .accepts = Domain::Ordered},
                                         [](Tensor x, Tensor upper) {
                                           if (is_bool(x.dtype())) return x & upper;
                                           return min(x, upper);
                                         });

constexpr OpDef threshold_backward_op =
    pointwise({.name = "threshold_backward",
               .promotion_methods = {promote({0, 1}, Default)},
               .names = {"grad", "x", "threshold"},
               .accepts = Domain::Ordered},
              [](Tensor grad, Tensor x, Scalar threshold) { return select(x <= threshold, 0, grad); });

constexpr OpDef copy_op =
    pointwise({.name = "copy", .promotion_methods = {promote({0}, NoOpmath)}}, [](Tensor x) -> Expr { return x; });

void register_selection(Registry& registry) {
  for (const OpDef* op :
       {&where_op, &masked_fill_op, &clamp_op, &clamp_min_op, &clamp_max_op, &threshold_backward_op, &copy_op})
    registry.add(*op);
}

}  // namespace gems::ops
