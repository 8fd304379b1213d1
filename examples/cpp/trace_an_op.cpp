// An operator defined outside of gems, with gems::dsl alone: prints its trace.
#include <array>
#include <cstdio>

#include "gems/dsl.h"
#include "gems/dsl/trace.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef half_difference_op =
    pointwise({.name = "half_difference", .promotion_methods = {promote({0, 1}, Default)}},
              [](Tensor x, Tensor y) { return (x - y) * 0.5; });

int main() {
  const std::array<CallOperand, 2> operands = {CallOperand{.kind = CallOperand::Kind::Tensor, .dtype = DType::BF16},
                                               CallOperand{.kind = CallOperand::Kind::Tensor, .dtype = DType::F32}};
  std::puts(to_string(trace(half_difference_op, operands)).c_str());
  return 0;
}
