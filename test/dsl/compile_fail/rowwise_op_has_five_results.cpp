// expect: an op has at most 4 results
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef op = rowwise({.name = "op", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) {
  return outputs(row_sum(x), row_max(x), row_min(x), row_prod(x), column_sum(x));
});
