// expect: a traced value is not a number: use gems::dsl functions (exp, sqrt, ...) instead of those of std
#include <cmath>

#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return x * std::exp(x); });
