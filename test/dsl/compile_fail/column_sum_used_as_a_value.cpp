// expect: a column_sum is known when all rows have been read
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    rowwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return x / column_sum(x); });
