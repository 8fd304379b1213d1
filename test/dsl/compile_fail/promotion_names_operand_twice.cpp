// expect: spec_error_promotion_names_operand_twice
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({0, 0}, Default)}}, [](Tensor x) { return -x; });
