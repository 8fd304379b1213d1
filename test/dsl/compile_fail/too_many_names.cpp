// expect: too many entries in a list of an op's metadata
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op",
                                .promotion_methods = {promote({0}, Default)},
                                .names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"}},
                               [](Tensor x) { return -x; });
