// expect: spec_error_promotion_is_empty
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({}, Default)}}, [](Tensor x) { return -x; });
