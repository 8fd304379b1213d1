"""Operand values: random ones by dtype, and the special ones where implementations go astray."""

import torch

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
COMPLEX = (torch.complex64, torch.complex128, torch.complex32)
SIGNED = (torch.int64, torch.int32, torch.int16, torch.int8)
INTEGERS = (*SIGNED, torch.uint8)
FLOAT8 = (
    torch.float8_e4m3fn,
    torch.float8_e5m2,
    torch.float8_e4m3fnuz,
    torch.float8_e5m2fnuz,
    torch.float8_e8m0fnu,
)
# Dtypes that PyTorch's database of operators does not list, though ATen computes in them here and there.
UNLISTED = (torch.uint16, torch.uint32, torch.uint64, *FLOAT8)
PRIMARY = (torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64)


def random(shape, dtype, device, kind="value", nonzero=False):
    """Numbers of moderate size, positive and negative, with repetitions among the integers; masks half true."""
    if kind == "mask" or dtype == torch.bool:
        return torch.rand(shape, device=device) > 0.5
    if dtype.is_complex:
        parts = torch.randn((*shape, 2), dtype=torch.float32, device=device) * 2
        return torch.view_as_complex(parts).to(dtype)
    if dtype.is_floating_point:
        return (torch.randn(shape, dtype=torch.float32, device=device) * 2).to(dtype)
    drawn = torch.randint(-9 if dtype.is_signed else 0, 10, shape, device=device)
    return (torch.where(drawn == 0, torch.ones_like(drawn), drawn) if nonzero else drawn).to(dtype)


def specials(dtype):
    """Values at the edges of the dtype, as a list of Python numbers."""
    if dtype == torch.bool:
        return [False, True]
    if dtype.is_complex:
        parts = [0.0, -0.0, 1.0, -2.5, float("inf"), float("nan"), 1e-3]
        return [complex(re, im) for re in parts for im in parts]
    if dtype.is_floating_point:
        limits = torch.finfo(dtype)
        edges = [
            limits.max,
            limits.tiny,
            limits.smallest_normal / 2,
            limits.tiny * limits.eps,
            limits.eps,
            1 + limits.eps,
        ]
        plain = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.1415927, 10.0, 88.0, 100.0, 255.0, 1e4, 60000.0, 1e-3, 1e-6]
        both = [sign * value for value in edges + plain for sign in (1.0, -1.0)]
        large = [float(2**24 + 1), float(2**53 + 1)] if dtype in (torch.float32, torch.float64) else []
        return both + large + [float("inf"), float("-inf"), float("nan")]
    limits = torch.iinfo(dtype)
    near = [0, 1, 2, 3, 7, 100, limits.max, limits.max - 1, limits.min, limits.min + 1]
    big = (
        [2**53 + 1, 2**31, 2**31 - 1, 2**24 + 1, 2**62]
        if dtype == torch.int64
        else [2**24 + 1]
        if dtype == torch.int32
        else []
    )
    return near + big + ([-1, -2, -7] if limits.min < 0 else [])


def special_operands(dtypes, kinds, device):
    """Every combination of special values, one operand tensor for each kind, repeated past any vector width."""
    lists = [[False, True] if kind == "mask" else specials(dtype) for dtype, kind in zip(dtypes, kinds, strict=True)]
    if len(lists) == 3 and max(map(len, lists)) > 12:
        lists = [values[:: max(1, len(values) // 12)] for values in lists]
    indices = torch.meshgrid(*(torch.arange(len(values)) for values in lists), indexing="ij")
    repeats = 5 if len(lists) == 1 else 1
    return [
        torch.tensor(values, dtype=torch.bool if kind == "mask" else dtype)[index.reshape(-1)]
        .repeat(repeats)
        .to(device)
        for values, index, dtype, kind in zip(lists, indices, dtypes, kinds, strict=True)
    ]
