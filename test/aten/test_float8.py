"""Conversions to and from float8, bit by bit: every value of the small dtypes, every boundary of the large ones."""

import pytest
import torch

import values
from oracle import check

COPY = frozenset({"copy"})
OTHERS = (*values.FLOATS, *values.INTEGERS, torch.bool, *values.UNLISTED, *values.COMPLEX)


def named(dtype):
    return str(dtype)[6:]


def integers(bits):
    return torch.int8 if bits == 8 else torch.int16


def every(dtype, device):
    """All values of a dtype of one or two bytes."""
    bits = 8 * dtype.itemsize
    return torch.arange(-(2 ** (bits - 1)), 2 ** (bits - 1), dtype=integers(bits), device=device).view(dtype)


def boundaries(dtype, device):
    """The values of a float8, the points between them, what lies beyond the last one, and the neighbours of all."""
    exact = every(dtype, device).double()
    finite = exact[exact.isfinite()].sort().values
    middles = (finite[1:] + finite[:-1]) / 2
    beyond = finite[-1] + (finite[-1] - finite[-2]) * torch.tensor([0.5, 1.0, 1.5, 100.0], device=device)
    tiny = finite[finite > 0][0] * torch.tensor([0.25, 0.5, 0.75, 1e-9, 1e-30], device=device)
    points = torch.cat([finite, middles, beyond, tiny]).float()
    down, up = (torch.nextafter(points, torch.tensor(end, device=device)) for end in (-torch.inf, torch.inf))
    rest = torch.tensor([0.0, torch.inf, torch.nan, 3.4e38, 1e-45], device=device)
    points = torch.cat([points, down, up, rest])
    return torch.cat([points, -points])


@pytest.mark.parametrize("to", OTHERS, ids=named)
@pytest.mark.parametrize("dtype", values.FLOAT8, ids=named)
def test_every_float8_converts(dtype, to, device):
    if to == dtype:
        pytest.skip("no conversion")
    check(torch.Tensor.to, every(dtype, device), to, served_by=COPY, exact=True)


@pytest.mark.parametrize("source", (torch.float16, torch.bfloat16, torch.int8, torch.uint8, torch.int16), ids=named)
@pytest.mark.parametrize("dtype", values.FLOAT8, ids=named)
def test_every_small_value_becomes_float8(dtype, source, device):
    check(torch.Tensor.to, every(source, device), dtype, served_by=COPY, exact=True)


@pytest.mark.parametrize("source", (torch.float32, torch.float64, torch.int32, torch.int64), ids=named)
@pytest.mark.parametrize("dtype", values.FLOAT8, ids=named)
def test_boundaries_become_float8(dtype, source, device):
    points = boundaries(dtype, device)
    if not source.is_floating_point:
        points = points[points.abs() < 2**30]
    check(torch.Tensor.to, points.to(source), dtype, served_by=COPY, exact=True)


@pytest.mark.parametrize("dtype", values.FLOAT8, ids=named)
def test_every_float32_of_twelve_bits(dtype, device):
    x = (torch.arange(2**20, dtype=torch.int32, device=device) << 12).view(torch.float32)
    check(torch.Tensor.to, x, dtype, served_by=COPY, exact=True)
