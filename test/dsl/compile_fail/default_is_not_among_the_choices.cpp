// expect: spec_error_default_is_not_among_the_choices
#include <optional>

#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op",
                                .promotion_methods = {promote({0}, Default)},
                                .defaults = {std::nullopt, "none"},
                                .choices = {{}, {"exact", "tanh"}}},
                               [](Tensor x, Flag mode) { return -x; });
