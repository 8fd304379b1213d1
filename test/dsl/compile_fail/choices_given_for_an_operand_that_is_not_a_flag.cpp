// expect: spec_error_choices_given_for_an_operand_that_is_not_a_flag
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}, .choices = {{1, 2}}},
                               [](Tensor x) { return -x; });
