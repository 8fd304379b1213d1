// expect: success
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise(
    {.name = "op",
     .is_tensor = {true, false, false},
     .dtypes = {{}, F32, {}},
     .promotion_methods = {promote({0}, Default)},
     .names = {"x", "scale", "mode"},
     .defaults = {{}, {}, "none"}},
    [](Tensor x, Scalar scale, Flag mode) { return mode == "none" ? x * scale : x * select(x < 0, scale, 1); });
