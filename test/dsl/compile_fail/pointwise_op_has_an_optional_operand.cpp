// expect: spec_error_a_pointwise_op_has_no_rows_and_columns
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0, 1}, Default)}},
                               [](Tensor x, Optional<Tensor> y) { return y ? x + *y : Expr(x); });
