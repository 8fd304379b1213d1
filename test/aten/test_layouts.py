"""Every operator with operands of every layout: values, and the strides of the result."""

import pytest

import layouts
import values
from cases import operators_and_dtypes
from oracle import check

CASES = [
    pytest.param(*case.values, layout, id=f"{case.id}-{layout}")
    for case in operators_and_dtypes(values.PRIMARY)
    for layout in layouts.names(len(case.values[0].operands))
]


@pytest.mark.parametrize("operator, dtype, layout", CASES)
def test_layout(operator, dtype, layout, device):
    def make(shape, index):
        divisor = index == 1 and operator.name.startswith("div_")
        return values.random(shape, dtype, device, operator.operands[index], nonzero=divisor)

    operands = layouts.LAYOUTS[layout](make, len(operator.operands))
    check(operator.call, *operands, served_by=operator.kernels(dtype), rule=operator.rule(dtype))
