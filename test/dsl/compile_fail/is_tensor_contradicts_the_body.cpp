// expect: spec_error_is_tensor_contradicts_the_body
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .is_tensor = {false}, .promotion_methods = {promote({0}, Default)}},
                               [](Tensor x) { return -x; });
