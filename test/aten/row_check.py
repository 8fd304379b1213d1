"""The comparison of a row operator's call with ATen: the oracle's differences, and the overloads that must be served."""

import pytest
import torch

from agreement import Rule
from clones import clone, tensors
from oracle import differences, fail_with
from served import is_served, not_served


def row_differences(call, *args, overloads=(), terms=None, may_decline=(), exact=False, **kwargs):
    """Differences as sentences. overloads: what the call must reach; terms: as Rule.terms, for these arguments.

    Zeros count as equal whatever their sign: which of two zeros is the maximum, and what a sum of -0.0 is, differs among
    ATen's own loops.
    """
    found = differences(call, args, kwargs, rule=Rule(exact=exact, signed_zeros=False, terms=terms))
    first = next(iter(tensors(args)), None)
    missing = not_served(overloads, first.dtype, first.device.type, may_decline) if first is not None else []
    if missing and not _fails(call, *clone((args, kwargs))):
        found += missing
    return found


def check_row(call, *args, **more):
    fail_with(row_differences(call, *args, **more))


def needs_served(overload, dtype, device):
    """Skips a test of what only gems' own kernels promise, such as the same bits among any number of rows."""
    if not is_served(overload, dtype, device):
        pytest.skip(f"served.py does not have {overload} of {dtype} on {device}")


def same_bits(a, b):
    """Bit by bit, but for the payloads of NaNs; of tensors or tuples of them."""
    return all(x.dtype == y.dtype and bool(_same(x, y).all()) for x, y in zip(tensors((a,)), tensors((b,)), strict=True))


def _same(x, y):
    if not x.is_floating_point():
        return x == y
    return ((x == y) & (torch.signbit(x) == torch.signbit(y))) | (torch.isnan(x) & torch.isnan(y))


def _fails(call, args, kwargs):
    """Whether ATen itself refuses the call."""
    try:
        call(*args, **kwargs)
    except Exception:  # which one is what differences() compares
        return True
    return False
