// Definitions of comparison.h.
#include "gems/ops/comparison.h"

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef eq_op = pointwise({.name = "eq", .promotion_methods = {promote({0, 1}, AlwaysBool)}},
                                  [](Tensor x, Tensor y) { return x == y; });

constexpr OpDef ne_op = pointwise({.name = "ne", .promotion_methods = {promote({0, 1}, AlwaysBool)}},
                                  [](Tensor x, Tensor y) { return x != y; });

constexpr OpDef lt_op =
    pointwise({.name = "lt", .promotion_methods = {promote({0, 1}, AlwaysBool)}, .accepts = Domain::Ordered},
              [](Tensor x, Tensor y) { return x < y; });

constexpr OpDef le_op =
    pointwise({.name = "le", .promotion_methods = {promote({0, 1}, AlwaysBool)}, .accepts = Domain::Ordered},
              [](Tensor x, Tensor y) { return x <= y; });

constexpr OpDef gt_op =
    pointwise({.name = "gt", .promotion_methods = {promote({0, 1}, AlwaysBool)}, .accepts = Domain::Ordered},
              [](Tensor x, Tensor y) { return x > y; });

constexpr OpDef ge_op =
    pointwise({.name = "ge", .promotion_methods = {promote({0, 1}, AlwaysBool)}, .accepts = Domain::Ordered},
              [](Tensor x, Tensor y) { return x >= y; });

constexpr OpDef maximum_op =
    pointwise({.name = "maximum", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::Ordered},
              [](Tensor x, Tensor y) {
                if (is_bool(x.dtype())) return x | y;
                return max(x, y);
              });

constexpr OpDef minimum_op =
    pointwise({.name = "minimum", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::Ordered},
              [](Tensor x, Tensor y) {
                if (is_bool(x.dtype())) return x & y;
                return min(x, y);
              });

constexpr OpDef isnan_op = pointwise({.name = "isnan", .promotion_methods = {promote({0}, AlwaysBool)}}, [](Tensor x) {
  if (is_integral(x.dtype())) return Expr(false);
  return isnan(x);
});

constexpr OpDef isinf_op = pointwise({.name = "isinf", .promotion_methods = {promote({0}, AlwaysBool)}}, [](Tensor x) {
  if (is_integral(x.dtype())) return Expr(false);
  return isinf(x);
});

void register_comparison(Registry& registry) {
  for (const OpDef* op :
       {&eq_op, &ne_op, &lt_op, &le_op, &gt_op, &ge_op, &maximum_op, &minimum_op, &isnan_op, &isinf_op})
    registry.add(*op);
}

}  // namespace gems::ops
