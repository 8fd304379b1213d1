// expect: an Optional operand may be absent
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = rowwise({.name = "op", .promotion_methods = {promote({0, 1}, Default)}},
                             [](Tensor x, Optional<Column> y) { return x + y; });
