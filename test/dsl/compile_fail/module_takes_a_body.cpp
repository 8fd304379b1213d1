// expect: GEMS_OPERATORS takes OpDef constants, as pointwise() makes them
#include "gems/dsl.h"

constexpr auto body = [](gems::dsl::Tensor x) { return -x; };
GEMS_OPERATORS(my_ops, body)
