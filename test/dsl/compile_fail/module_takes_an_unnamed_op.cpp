// expect: GEMS_OPERATORS takes the names of OpDef constants: give the result of pointwise() a name first
#include "gems/dsl.h"

using namespace gems::dsl;

GEMS_OPERATORS(my_ops,
               pointwise({.name = "minus", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return -x; }))
