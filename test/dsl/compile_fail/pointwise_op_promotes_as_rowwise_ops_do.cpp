// expect: spec_error_a_pointwise_op_promotes_as_rowwise_ops_do
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    pointwise({.name = "op", .promotion_methods = {promote({0}, Accumulate)}}, [](Tensor x) { return x + 1; });
