"""The comparison of a row operator's call with ATen: the oracle's differences, and the overloads that must be served."""

import pytest
import torch

from agreement import Rule
from clones import clone, tensors
from oracle import differences, fail_with
from served import is_served, not_served


def row_differences(call, *args, overloads=(), terms=None, may_decline=(), exact=False, given=None, **kwargs):
    """Differences as sentences. overloads: what the call must reach; terms: as Rule.terms, for these arguments; given: the
    dtype that the call itself names, by `dtype_here`.

    Zeros count as equal whatever their sign: which of two zeros is the maximum, and what a sum of -0.0 is, differs among
    ATen's own loops.
    """
    first = next(iter(tensors(args)), None)
    terms = terms if terms is None or first is None else _weighted(terms, first, given or first.dtype)
    found = differences(call, args, kwargs, rule=Rule(exact=exact, signed_zeros=False, terms=terms))
    missing = not_served(overloads, first.dtype, first.device.type, may_decline) if first is not None else []
    if missing and not _fails(call, *clone((args, kwargs))):
        found += missing
    return found


def dtype_here(given):
    """A floating dtype that a call names, which is float64 in the oracle's float64 reference."""
    wide = torch.get_default_dtype() == torch.float64 and given is not None and given.is_floating_point
    return torch.float64 if wide else given


def _weighted(terms, first, computed):
    """Bounds in epsilons of the computation dtype. In f64 they are those of ATen's order of summation as well, since no
    reference is wider: its loops over n elements lose the root of n.
    """
    narrow, wide = torch.float32, (torch.float64, torch.complex128)
    weight = 1.0
    if computed in wide and first.dtype in wide:
        weight = 1 + max(first.shape, default=1) ** 0.5 / 4
    elif computed not in wide and first.dtype in wide:
        weight = torch.finfo(narrow).eps / torch.finfo(torch.float64).eps

    def bounds(*operands):
        made = terms(*operands)
        return tuple(weight * each for each in made) if isinstance(made, tuple) else weight * made

    return bounds if weight != 1 else terms


def check_row(call, *args, **more):
    fail_with(row_differences(call, *args, **more))


def counts_across(counts, device):
    """Of the numbers of rows that lie across memory those among which a row has the same bits (docs/dsl.md)."""
    return [count for count in counts if count >= 16 or torch.device(device).type == "cpu"]


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
