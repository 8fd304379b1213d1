// expect: && and || do not work on traced values: use logical_and, logical_or
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}},
                               [](Tensor x, Tensor y) { return x > 0 && y > 0; });
