"""Whether an arm's result is the case's: every timed call passes this first."""

import torch

from case import results

# Epsilons of the dtype that a result may be away from eager's, of its size and of the case's terms: rounding of steps,
# approximations.
EPSILONS = {torch.float32: 32, torch.complex64: 32}
EPSILONS_OF_NARROW = 4


def own(case, operands):
    """Operands that a call may overwrite."""
    return [each.clone() for each in operands] if case.in_place else operands


def difference(expected, given, terms=1.0):
    """Why the result is not eager's, in a line; None when it is. terms: how large sums became on the way to it."""
    expected, given = results(expected), results(given)
    if len(expected) != len(given):
        return f"{len(given)} results, expected {len(expected)}"
    for mine, theirs in zip(given, expected, strict=True):
        if (mine.shape, mine.dtype) != (theirs.shape, theirs.dtype):
            return f"{mine.dtype} {tuple(mine.shape)}, expected {theirs.dtype} {tuple(theirs.shape)}"
        if text := _values(mine, theirs, terms):
            return text
    return None


def _values(mine, theirs, terms):
    if not (theirs.is_floating_point() or theirs.is_complex()):
        wrong = int((mine != theirs).sum())
        return f"{wrong} of {mine.numel()} elements differ" if wrong else None
    allowed = EPSILONS.get(theirs.dtype, EPSILONS_OF_NARROW) * torch.finfo(theirs.dtype).eps
    try:
        torch.testing.assert_close(mine, theirs, rtol=allowed, atol=allowed * terms, equal_nan=True)
    except AssertionError as error:
        return " ".join(str(error).split())
    return None
