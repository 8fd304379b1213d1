// expect: spec_error_promotion_methods_needs_one_entry_per_result
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return outputs(x, -x); });
