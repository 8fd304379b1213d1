// expect: a body takes Tensor, Scalar, Flag, Row, Column and Optional parameters only
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](Tensor x, double y) { return x * y; });
