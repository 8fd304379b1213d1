"""Mixed dtypes: all pairs, with every mixture of n-dim tensors and 0-dim tensors."""

import pytest
import torch

import values
from operators import OPERATORS
from oracle import differences, fail_with

DTYPES = (*values.FLOATS, *values.COMPLEX, *values.INTEGERS, torch.bool, *values.UNLISTED)
SHAPES = {"tensors": ((3, 5), (3, 5)), "0-dim first": ((), (3, 5)), "0-dim last": ((3, 5), ()), "both 0-dim": ((), ())}
ALWAYS_RUN = ("add", "div", "eq", "where")
OPERANDS_TO_MIX = [
    operator
    for operator in OPERATORS.values()
    if operator.operands[-2:] == ("value", "value") and operator.name != "copy_"
]


def cases():
    for operator in OPERANDS_TO_MIX:
        marks = () if operator.name in ALWAYS_RUN else (pytest.mark.slow,)
        for dtype in DTYPES:
            yield pytest.param(operator, dtype, id=f"{operator}-{str(dtype)[6:]}", marks=marks)


@pytest.mark.parametrize("operator, dtype", cases())
def test_pairs(operator, dtype, device):
    found = []
    for other in DTYPES:
        # What ATen compiles at run time for complex halves traps on a float8.
        if device == "cuda" and torch.complex32 in (dtype, other) and not {dtype, other}.isdisjoint(values.FLOAT8):
            continue
        for name, (left, right) in SHAPES.items():
            operands = [operand(left, dtype, device), operand(right, other, device)]
            if len(operator.operands) == 3:
                operands.insert(0, values.random((3, 5), torch.bool, device, operator.operands[0]))
            for text in differences(operator.call, operands, {}, served_by=operator.served_by):
                found.append(f"with {str(other)[6:]}, {name}: {text}")
    fail_with(found)


def operand(shape, dtype, device):
    """Random values without zeros."""
    drawn = values.random(shape, dtype, device, nonzero=True)
    return drawn.logical_or(torch.tensor(True, device=device)) if dtype == torch.bool else drawn


@pytest.mark.parametrize("name", ("add", "mul", "where", "eq", "lt", "maximum"))
def test_large_integers_beside_floats(name, device):
    """2^53 + 1 survives among integers and in f64 comparisons as far as ATen keeps it."""
    large = torch.tensor([2**53 + 1, -(2**53) - 1, 2**62 + 1, 2**24 + 1] * 9, device=device)
    operator = OPERATORS[name]
    mask = [torch.ones(36, dtype=torch.bool, device=device)] if len(operator.operands) == 3 else []
    found = []
    for other in (torch.int64, torch.int32, torch.float64, torch.float32):
        partner = large.to(other) if other.is_floating_point else torch.ones(36, dtype=other, device=device)
        found += differences(operator.call, (*mask, large, partner), {}, served_by=operator.served_by, exact=True)
        found += differences(operator.call, (*mask, partner, large), {}, served_by=operator.served_by, exact=True)
    fail_with(found)
