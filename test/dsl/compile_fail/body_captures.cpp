// expect: the body captures a variable: pass it as a Scalar or Flag operand instead
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

OpDef make(int factor) {
  return pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}},
                   [factor](Tensor x) { return x * factor; });
}
