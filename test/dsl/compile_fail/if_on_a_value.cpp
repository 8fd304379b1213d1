// expect: a traced value cannot decide a branch: use select(condition, a, b) instead of if, ?:, && and ||
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = pointwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) -> Expr {
  if (x < 0) return -x;
  return x;
});
