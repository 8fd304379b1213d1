"""An operator from a text: compiled by the C++ compiler at the first run, taken from gems' cache afterwards."""

import gems
import torch

ops = gems.load_inline("inline_ops", """
#include "gems/dsl.h"

using namespace gems;
using namespace gems::dsl;

constexpr OpDef soft_threshold_op = pointwise(
    {.name = "soft_threshold", .promotion_methods = {promote({0}, Default)}, .names = {"x", "limit"}, .accepts = Domain::Float},
    [](Tensor x, Scalar limit) { return copysign(max(abs(x) - limit, 0), x); });

GEMS_OPERATORS(inline_ops, soft_threshold_op)
""")

x = torch.randn(1000)
result = ops.soft_threshold(x, 0.5)
torch.testing.assert_close(result, torch.nn.functional.softshrink(x, 0.5))
print("soft_threshold agrees with torch.nn.functional.softshrink")
