// expect: an op has at most 4 results
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}},
                               [](Tensor x) { return outputs(x, x, x, x, x); });
