// expect: a body returns one expression, or outputs(a, b, ...)
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return "x"; });
