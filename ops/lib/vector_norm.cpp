// Definitions of vector_norm.h.
#include "gems/ops/vector_norm.h"

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

// The p-th root of the sum of the p-th powers.
constexpr OpDef vector_norm_op = rowwise({.name = "vector_norm",
                                          .promotion_methods = {promote({0}, Default)},
                                          .names = {"x", "p"},
                                          .accepts = Domain::Float},
                                         [](Tensor x, Scalar p) { return pow(row_sum(pow(abs(x), p)), 1 / p); });

// How many elements are not zero.
constexpr OpDef vector_norm_0_op =
    rowwise({.name = "vector_norm_0", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
            [](Tensor x) { return cast_like(row_count(x), x); });
constexpr OpDef vector_norm_1_op =
    rowwise({.name = "vector_norm_1", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
            [](Tensor x) { return row_sum(abs(x)); });
constexpr OpDef vector_norm_2_op =
    rowwise({.name = "vector_norm_2", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
            [](Tensor x) { return sqrt(row_sum(x * x)); });
constexpr OpDef vector_norm_inf_op =
    rowwise({.name = "vector_norm_inf", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
            [](Tensor x) { return row_max(abs(x)); });
constexpr OpDef vector_norm_minus_inf_op =
    rowwise({.name = "vector_norm_minus_inf", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
            [](Tensor x) { return row_min(abs(x)); });

void register_vector_norm(Registry& registry) {
  for (const OpDef* op : {&vector_norm_op, &vector_norm_0_op, &vector_norm_1_op, &vector_norm_2_op, &vector_norm_inf_op,
                          &vector_norm_minus_inf_op})
    registry.add(*op);
}

}  // namespace gems::ops
