// expect: spec_error_op_needs_a_tensor_operand
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op =
    rowwise({.name = "op", .promotion_methods = {promote({0, 1}, Default)}}, [](Row x, Column y) { return x + y; });
