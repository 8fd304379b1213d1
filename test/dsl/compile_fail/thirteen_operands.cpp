// expect: an op has at most 12 operands
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}},
                               [](Tensor a, Tensor b, Tensor c, Tensor d, Tensor e, Tensor f, Tensor g, Tensor h,
                                  Tensor i, Tensor j, Tensor k, Tensor l, Tensor m) { return a; });
