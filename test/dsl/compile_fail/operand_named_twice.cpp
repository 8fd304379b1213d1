// expect: spec_error_operand_named_twice
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}, .names = {"x", "x"}},
                               [](Tensor x, Tensor y) { return x + y; });
