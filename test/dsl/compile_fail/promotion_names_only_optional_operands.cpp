// expect: spec_error_promotion_names_only_optional_operands
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = rowwise({.name = "op", .promotion_methods = {promote({1}, Default)}},
                             [](Tensor x, Optional<Column> y) { return y ? x + *y : Expr(x); });
