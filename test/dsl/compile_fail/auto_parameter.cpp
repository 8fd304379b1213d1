// expect: the body is a lambda with Tensor, Scalar and Flag parameters (auto parameters are not supported)
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](auto x) { return -x; });
