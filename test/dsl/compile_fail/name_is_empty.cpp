// expect: spec_error_name_is_empty
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return -x; });
