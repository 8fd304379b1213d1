"""Dtypes that ATen computes in only here and there: whatever it does in them, gems does."""

import dataclasses

import pytest
import torch

import values
from agreement import Rule
from operators import OPERATORS
from oracle import check, differences, fail_with

RARE = (torch.complex32, *values.UNLISTED)
CASES = [
    pytest.param(operator, dtype, id=f"{operator}-{str(dtype)[6:]}")
    for operator in OPERATORS.values()
    for dtype in RARE
]
SHAPES = {
    "contiguous": ((1027,), lambda x: x),
    "offset": ((1028,), lambda x: x[1:]),
    "transposed": ((33, 17), lambda x: x.t()),
    "sliced": ((40, 30), lambda x: x[:, ::2]),
    "0-dim": ((), lambda x: x),
}


def operands(operator, dtype, device, shape):
    size, view = SHAPES[shape]
    nonzero = operator.name.startswith("div")
    return [view(values.random(size, dtype, device, kind, nonzero=nonzero)) for kind in operator.operands]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("operator, dtype", CASES)
def test_functional_and_in_place(operator, dtype, shape, device):
    given = operands(operator, dtype, device, shape)
    check(operator.call, *given, served_by=operator.kernels(dtype), rule=operator.rule(dtype))
    if operator.in_place:
        check(operator.in_place, *given, served_by=operator.kernels(dtype), rule=operator.rule(dtype))


@pytest.mark.parametrize("operator, dtype", CASES)
def test_out_of_every_dtype(operator, dtype, device):
    if operator.out is None:
        pytest.skip("has no out=")
    given = operands(operator, dtype, device, "contiguous")
    found = []
    for result in (*values.FLOATS, *values.COMPLEX, *values.INTEGERS, torch.bool, *values.UNLISTED):
        out = torch.empty(given[-1].shape, dtype=result, device=device)
        call = lambda *args: operator.out(*args[:-1], out=args[-1])  # noqa: E731
        rule = dataclasses.replace(
            operator.rule(dtype), computed_in=torch.complex64 if result.is_complex else torch.float32
        )
        for text in differences(call, (*given, out.zero_()), {}, operator.kernels(dtype), rule=rule):
            found.append(f"out of {str(result)[6:]}: {text}")
    fail_with(found)


@pytest.mark.parametrize("operator, dtype", [case for case in CASES if case.values[0].number_right])
def test_python_numbers(operator, dtype, device):
    *before, first, last = operands(operator, dtype, device, "contiguous")
    found = []
    unsigned = () if operator.terms else (2**63, 2**64 - 1)  # the terms are computed from tensors, which end at 2^63
    for number in (2, -3, 300, True, 0.5, float("inf"), float("nan"), 1 - 2j, *unsigned):
        sides = [(*before, first, number)] + ([(*before, number, last)] if operator.number_left else [])
        for given in sides:
            rule = Rule(terms=operator.terms)
            # ATen wraps a number that is too large, and warns when it drops an imaginary part.
            reasons = ("number does not fit the dtype", "ATen warns")
            for text in differences(operator.call, given, {}, operator.kernels(dtype), rule=rule, may_decline=reasons):
                found.append(f"{number!r} on the {'right' if given[-1] is number else 'left'}: {text}")
    fail_with(found)


@pytest.mark.parametrize("operator, dtype", CASES)
def test_all_values_of_a_byte(operator, dtype, device):
    if dtype not in values.FLOAT8:
        pytest.skip("has more bytes")
    every = torch.arange(256, dtype=torch.uint8, device=device)
    pairs = torch.cartesian_prod(every, every).t().contiguous().view(dtype)
    mask = torch.arange(2**16, device=device) % 3 == 0
    given = [mask if kind == "mask" else pairs[i % 2] for i, kind in enumerate(operator.operands)]
    check(operator.call, *given, served_by=operator.kernels(dtype), rule=operator.rule(dtype))
