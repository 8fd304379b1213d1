"""out=: resizing, casting, layouts and overlaps, with ATen's own warnings and errors."""

import dataclasses

import pytest
import torch

import values
from cases import operators_and_dtypes
from agreement import Rule
from oracle import check

SHAPE = (6, 10)
WIDER = {
    torch.bool: torch.int16,
    torch.int64: torch.float32,
    torch.float16: torch.float32,
    torch.bfloat16: torch.float32,
    torch.float32: torch.float64,
    torch.complex64: torch.complex128,
}
NARROWER = {
    torch.float32: torch.bfloat16,
    torch.int64: torch.int8,
    torch.complex64: torch.float32,
    torch.bfloat16: torch.int32,
}


RESIZED = ("out has another shape",)  # ATen resizes, with its warning


def filled(shape, dtype, device):
    return torch.full(shape, 1, dtype=dtype, device=device)


# name: (result dtype, device, first operand) -> the tensor passed as out=
OUTS = {
    "same": lambda dtype, device, x: filled(SHAPE, dtype, device),
    "no_elements": lambda dtype, device, x: filled((0,), dtype, device),
    "wrong_shape": lambda dtype, device, x: filled((3, 4), dtype, device),
    "too_large": lambda dtype, device, x: filled((20, 20), dtype, device),
    "wider": lambda dtype, device, x: filled(SHAPE, WIDER.get(dtype, torch.complex64), device),
    "narrower": lambda dtype, device, x: filled(SHAPE, NARROWER.get(dtype, torch.bool), device),
    "transposed": lambda dtype, device, x: filled(SHAPE[::-1], dtype, device).t(),
    "sliced": lambda dtype, device, x: filled((6, 20), dtype, device)[:, ::2],
    "offset": lambda dtype, device, x: filled((61,), dtype, device)[1:].view(SHAPE),
    "wider_transposed": lambda dtype, device, x: filled(SHAPE[::-1], WIDER.get(dtype, torch.complex64), device).t(),
    "expanded": lambda dtype, device, x: filled((10,), dtype, device).expand(SHAPE),
    "the_input": lambda dtype, device, x: x,
    "input_transposed": lambda dtype, device, x: x.view(10, 6).t(),
    "input_shifted": lambda dtype, device, x: x.view(-1).as_strided((5, 10), (10, 1), 5),
    "on_meta": lambda dtype, device, x: filled(SHAPE, dtype, "meta"),
    "requires_grad": lambda dtype, device, x: filled(SHAPE, dtype, device).requires_grad_(dtype.is_floating_point),
}
DTYPES = (torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64)
CASES = [
    pytest.param(*case.values, out, id=f"{case.id}-{out}")
    for case in operators_and_dtypes(DTYPES, lambda operator: operator.out is not None)
    for out in OUTS
]


def operands_of(operator, dtype, device):
    divisor = operator.name.startswith("div_")
    return [values.random(SHAPE, dtype, device, kind, nonzero=divisor) for kind in operator.operands]


@pytest.mark.parametrize("operator, dtype, out", CASES)
def test_out(operator, dtype, out, device):
    operands = operands_of(operator, dtype, device)
    result = operator.call(*operands)
    first = operands[operator.operands.index("value")]
    check(
        lambda *tensors: operator.out(*tensors[:-1], out=tensors[-1]),
        *operands,
        OUTS[out](result.dtype, device, first),
        served_by=operator.kernels(dtype),
        rule=dataclasses.replace(operator.rule(dtype), computed_in=result.dtype),
        may_decline=RESIZED if out in ("no_elements", "wrong_shape", "too_large") else (),
    )


@pytest.mark.parametrize("operator, dtype", operators_and_dtypes((torch.float32,), lambda each: each.out is not None))
def test_out_takes_the_layout_of_its_own(operator, dtype, device):
    """A channels_last out= of the right shape keeps its strides beside contiguous operands."""
    operands = [values.random((2, 3, 4, 5), dtype, device, kind) for kind in operator.operands]
    out = filled((2, 3, 4, 5), operator.call(*operands).dtype, device).contiguous(memory_format=torch.channels_last)
    check(
        lambda *tensors: operator.out(*tensors[:-1], out=tensors[-1]),
        *operands,
        out,
        served_by=operator.kernels(dtype),
        rule=Rule(terms=operator.terms),
    )
