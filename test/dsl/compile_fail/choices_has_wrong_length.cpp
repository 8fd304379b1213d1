// expect: spec_error_choices_has_wrong_length
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}, .choices = {{}, {"a"}}},
                               [](Tensor x) { return -x; });
