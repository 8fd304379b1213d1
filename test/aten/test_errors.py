"""Calls that must be refused: the same exception and the same text as ATen's."""

import pytest
import torch
import torch.nn.functional as F

import values
from cases import operators
from oracle import check


@pytest.mark.parametrize("operator", operators(lambda operator: len(operator.operands) > 1))
@pytest.mark.parametrize("shapes", (((3, 4), (5,)), ((2, 3), (3, 2)), ((0,), (2,))), ids=str)
def test_shapes_that_do_not_broadcast(operator, shapes, device):
    dtype = torch.int64 if operator.name.startswith("bitwise") else torch.float32
    rest = [shapes[1]] * (len(operator.operands) - 1)
    check(
        operator.call,
        *(values.random(s, dtype, device, kind) for s, kind in zip((shapes[0], *rest), operator.operands, strict=True)),
    )


@pytest.mark.parametrize("operator", operators())
@pytest.mark.parametrize(
    "dtype", (torch.bool, torch.int32, torch.float32, torch.complex64, torch.float8_e4m3fn, torch.uint16), ids=str
)
def test_dtypes_that_aten_may_not_have(operator, dtype, device):
    drawn = [values.random((7,), torch.uint8, device, kind, nonzero=True) for kind in operator.operands]
    operands = [each if kind == "mask" else each.to(dtype) for each, kind in zip(drawn, operator.operands, strict=True)]
    if dtype == torch.bool:
        operands = [torch.ones_like(each) for each in operands]
    check(operator.call, *operands)


@pytest.mark.parametrize("operator", operators(lambda operator: len(operator.operands) > 1))
def test_operands_on_different_devices(operator, device):
    dtype = torch.int64 if operator.name.startswith("bitwise") else torch.float32
    elsewhere = "cpu" if device == "cuda" else "meta"
    operands = [values.random((3, 4), dtype, device, kind) for kind in operator.operands]
    check(operator.call, *operands[:-1], operands[-1].to(elsewhere))
    check(operator.call, operands[0].to(elsewhere), *operands[1:])


REFUSED = {
    "float alpha for integers": lambda x: torch.add(x.int(), x.int(), alpha=0.5),
    "complex alpha for floats": lambda x: torch.add(x, x, alpha=1j),
    "bool subtraction": lambda x: x.bool() - x.bool(),
    "bool alpha": lambda x: torch.add(x, x, alpha=True),
    "negation of bool": lambda x: -x.bool(),
    "rounding mode": lambda x: torch.div(x, x, rounding_mode="up"),
    "gelu's approximation": lambda x: F.gelu(x, approximate="erf"),
    "gelu of integers": lambda x: F.gelu(x.int()),
    "integers to negative powers": lambda x: x.int() ** -2,
    "float into an integer": lambda x: x.int().add_(0.5),
    "complex into a float": lambda x: x.mul_(1j),
    "in-place on a leaf": lambda x: torch.ones(3, requires_grad=True).add_(1),
    "clamp without bounds": lambda x: torch.clamp(x),
    "clamp of complex": lambda x: torch.clamp(x.to(torch.complex64), min=0),
    "comparison of complex": lambda x: x.to(torch.complex64) < x,
    "maximum of complex": lambda x: torch.maximum(x.to(torch.complex64), x),
    "mask that is no bool": lambda x: x.masked_fill(x.int(), 1.0),
    "mask of another shape": lambda x: x.masked_fill(torch.ones(5, dtype=torch.bool, device=x.device), 1.0),
    "fill value with dimensions": lambda x: x.masked_fill(x > 0, x),
    "condition that is no bool": lambda x: torch.where(x, x, x),
    "bitwise on floats": lambda x: torch.bitwise_and(x, x),
    "number too large": lambda x: x.to(torch.uint8).bitwise_and(2**70),
    "string operand": lambda x: torch.add(x, "1"),
    "too few operands": lambda x: torch.add(x),
    "unknown keyword": lambda x: torch.add(x, x, beta=1),
    "two dtypes in out": lambda x: torch.add(x, x, out=torch.empty(3, dtype=torch.int32, device=x.device)),
    "quantized and float": lambda x: torch.add(torch.quantize_per_tensor(x.cpu(), 0.1, 0, torch.quint8), x.cpu()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, device):
    check(REFUSED[name], torch.ones(3, 4, device=device))
