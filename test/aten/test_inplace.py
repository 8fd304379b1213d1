"""In-place calls: self keeps dtype and strides, refuses what it cannot hold, and may be its own operand."""

import pytest
import torch

import values
from cases import operators_and_dtypes
from agreement import Rule
from oracle import check, differences, fail_with

SHAPE = (6, 10)

# name: (operands: a list of contiguous tensors of SHAPE) -> operands
ARRANGEMENTS = {
    "contiguous": lambda operands: operands,
    "self_transposed": lambda operands: [operands[0].view(10, 6).t(), *operands[1:]],
    "self_sliced": lambda operands: [operands[0][:, ::2], *(each[:, ::2] for each in operands[1:])],
    "self_offset": lambda operands: [operands[0].view(-1)[1:], *(each.view(-1)[1:] for each in operands[1:])],
    "self_expanded": lambda operands: [operands[0][:1].expand(SHAPE), *operands[1:]],
    "self_zero_dim": lambda operands: [operands[0][0, 0], *(each[0, 0] for each in operands[1:])],
    "self_empty": lambda operands: [operands[0][:0], *(each[:0] for each in operands[1:])],
    "row_into_self": lambda operands: [operands[0], *(each[0] for each in operands[1:])],
    "column_into_self": lambda operands: [operands[0], *(each[:, :1] for each in operands[1:])],
    "zero_dim_into_self": lambda operands: [operands[0], *(each[0, 0] for each in operands[1:])],
    "self_too_small": lambda operands: [operands[0][0], *operands[1:]],
    "wrong_shape": lambda operands: [operands[0][:, :7], *operands[1:]],
    "other_is_self": lambda operands: [
        operands[0],
        *(operands[0] if same(each, operands[0]) else each for each in operands[1:]),
    ],
    "other_is_self_transposed": lambda operands: [
        operands[0].view(-1)[:36].view(6, 6),
        *(
            (operands[0].view(-1)[:36].view(6, 6).t() if same(each, operands[0]) else each[:, :6])
            for each in operands[1:]
        ),
    ],
    "other_overlaps_self": lambda operands: [
        operands[0][:5],
        *(operands[0][1:] if same(each, operands[0]) else each[:5] for each in operands[1:]),
    ],
}


def same(a, b):
    return a.dtype == b.dtype


CASES = [
    pytest.param(*case.values, name, id=f"{case.id}-{name}")
    for case in operators_and_dtypes(values.PRIMARY, lambda operator: operator.in_place is not None)
    for name in ARRANGEMENTS
    if len(case.values[0].operands) > 1 or name.startswith("self") or name == "contiguous"
]


@pytest.mark.parametrize("operator, dtype, arrangement", CASES)
def test_in_place(operator, dtype, arrangement, device):
    if (operator.name, arrangement, device) == ("masked_fill", "self_expanded", "cuda"):
        pytest.skip("ATen's threads write different values into one element; which one stays is not defined")
    divisor = operator.name.startswith("div_")
    operands = [values.random(SHAPE, dtype, device, kind, nonzero=divisor) for kind in operator.operands]
    check(
        operator.in_place,
        *ARRANGEMENTS[arrangement](operands),
        served_by=operator.kernels(dtype),
        rule=operator.rule(dtype),
    )


@pytest.mark.parametrize(
    "operator, dtype", operators_and_dtypes(where=lambda each: each.in_place and each.operands == ("value", "value"))
)
def test_in_place_with_another_dtype(operator, dtype, device):
    found = []
    x = values.random(SHAPE, dtype, device)
    for other in (*values.FLOATS, torch.complex64, *values.INTEGERS, torch.bool):
        for shape in (SHAPE, ()):
            partner = values.random(shape, other, device, nonzero=True)
            if other == torch.bool:
                partner = torch.ones_like(partner)
            rule = Rule(terms=operator.terms)
            for text in differences(operator.in_place, (x, partner), {}, operator.kernels(dtype), rule=rule):
                found.append(f"other {str(other)[6:]}, {len(shape)}-dim: {text}")
    fail_with(found)
