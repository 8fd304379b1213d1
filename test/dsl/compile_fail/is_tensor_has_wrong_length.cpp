// expect: spec_error_is_tensor_has_wrong_length
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .is_tensor = {true, true}, .promotion_methods = {promote({0}, Default)}},
                               [](Tensor x) { return -x; });
