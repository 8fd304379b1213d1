// expect: spec_error_promotion_names_a_flag
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({0, 1}, Default)}}, [](Tensor x, Flag mode) { return -x; });
