// expect: spec_error_names_has_wrong_length
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}, .names = {"x", "y"}},
                               [](Tensor x) { return -x; });
