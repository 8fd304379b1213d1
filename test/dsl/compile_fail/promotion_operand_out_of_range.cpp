// expect: spec_error_promotion_operand_out_of_range
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({1}, Default)}}, [](Tensor x) { return -x; });
