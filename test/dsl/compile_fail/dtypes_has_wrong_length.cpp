// expect: spec_error_dtypes_has_wrong_length
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .dtypes = {{}, F32}, .promotion_methods = {promote({0}, Default)}},
                               [](Tensor x) { return -x; });
