"""Python numbers on either side, 0-dim tensors, and the optional and keyword numbers of single operators."""

import pytest
import torch

import values
from cases import operators_and_dtypes
from agreement import Rule
from oracle import check, differences, fail_with

NUMBERS = (2, -3, 1, 300, 2**53 + 1, True, False, 0.5, -1.5, float("nan"), float("inf"), 1 - 2j)


NUMBER_DOES_NOT_FIT = ("number does not fit the dtype",)


def excuses(number, dtype):
    """Reasons to decline that such a number gives: ATen refuses it, wraps it, or warns."""
    if isinstance(number, complex):
        return ("ATen warns",) if not dtype.is_complex else ()
    return NUMBER_DOES_NOT_FIT if dtype != torch.int64 and abs(number) > 100 else ()


@pytest.mark.parametrize(
    "operator, dtype", operators_and_dtypes(where=lambda each: each.number_left or each.number_right)
)
def test_python_numbers(operator, dtype, device):
    *before, first, last = (values.random((3, 11), dtype, device, kind) for kind in operator.operands)
    found = []
    for number in NUMBERS:
        if operator.name in ("div_trunc", "div_floor") and number == 0:
            continue  # division of integers by zero has its own test
        sides = [("right", (*before, first, number))] if operator.number_right else []
        sides += [("left", (*before, number, last))] if operator.number_left else []
        for side, operands in sides:
            if side == "left" and operator.name.startswith("div_"):
                operands = (*operands[:-1], torch.where(last == 0, torch.ones_like(last), last))
            served_by = operator.kernels(dtype)
            for text in differences(
                operator.call, operands, {}, served_by, rule=Rule(terms=operator.terms), may_decline=excuses(number, dtype)
            ):
                found.append(f"{number!r} on the {side}: {text}")
    fail_with(found)


@pytest.mark.parametrize(
    "operator, dtype", operators_and_dtypes(where=lambda each: each.number_right and each.in_place)
)
def test_python_numbers_in_place(operator, dtype, device):
    x = values.random((3, 11), dtype, device)
    found = []
    for number in NUMBERS:
        if operator.name in ("div_trunc", "div_floor") and number == 0:
            continue
        served_by = operator.kernels(dtype)
        for text in differences(
            operator.in_place, (x, number), {}, served_by, rule=Rule(terms=operator.terms), may_decline=excuses(number, dtype)
        ):
            found.append(f"{number!r}: {text}")
    fail_with(found)


# name: (call of one tensor, served by)
KEYWORDS = {
    "add alpha": (lambda x: torch.add(x, x, alpha=3), {"add"}),
    "add alpha float": (lambda x: torch.add(x, x, alpha=0.3), {"add"}),
    "add alpha bool": (lambda x: torch.add(x, x, alpha=True), {"add"}),
    "add number with alpha": (lambda x: torch.add(x, 5, alpha=2), {"add"}),
    "sub alpha": (lambda x: torch.sub(x, x, alpha=-2), {"sub"}),
    "sub alpha complex": (lambda x: torch.sub(x, x, alpha=1j), {"sub"}),
    "rsub": (lambda x: torch.rsub(x, 7, alpha=2), {"sub", "rsub"}),
    "one minus x": (lambda x: 1 - x, {"sub", "rsub"}),
    "two to the x": (lambda x: 2**x, {"pow"}),
    "two over x": (lambda x: 2 / (x + 20), {"div", "mul", "reciprocal"}),
    "clamp min": (lambda x: torch.clamp(x, min=1), {"clamp", "clamp_min"}),
    "clamp max": (lambda x: torch.clamp(x, max=1), {"clamp", "clamp_max"}),
    "clamp floats": (lambda x: torch.clamp(x, min=-0.5, max=0.5), {"clamp"}),
    "clamp crossed": (lambda x: torch.clamp(x, min=3, max=-3), {"clamp"}),
    "clamp nan": (lambda x: torch.clamp(x, min=float("nan")), {"clamp", "clamp_min"}),
    "clamp neither": (lambda x: torch.clamp(x), ()),
    "masked_fill int": (lambda x: x.masked_fill(x == x, -7), {"masked_fill"}),
    "masked_fill float": (lambda x: x.masked_fill(x == x, 0.5), {"masked_fill"}),
    "masked_fill 0-dim": (lambda x: x.masked_fill(x == x, torch.tensor(3, device=x.device)), {"masked_fill"}),
    "where numbers": (lambda x: torch.where(x == 1, 2, 3.5), {"where"}),
    "where number and tensor": (lambda x: torch.where(x == 1, 2.5, x), {"where"}),
    "where tensor and number": (lambda x: torch.where(x == 1, x, 2.5), {"where"}),
    "div floor by number": (lambda x: torch.div(x, 3, rounding_mode="floor"), {"div"}),
    "div trunc by number": (lambda x: torch.div(x, -3, rounding_mode="trunc"), {"div"}),
    "floor_divide": (lambda x: x // 4, {"div", "floor_divide"}),
    "compare with 0.1": (lambda x: x < 0.1, {"lt"}),
    "compare with 2^53 + 1": (lambda x: x == 2**53 + 1, {"eq"}),
}
DTYPES = (
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.int64,
    torch.int32,
    torch.uint8,
    torch.bool,
    torch.complex64,
)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype)[6:])
@pytest.mark.parametrize("name", KEYWORDS)
def test_keyword_and_optional_numbers(name, dtype, device):
    call, served_by = KEYWORDS[name]
    if name == "floor_divide":
        served_by = ()  # an operator of its own; it may or may not be overridden
    # bool: a tensor of truth values takes only the numbers 0 and 1; uint8: only those without a sign.
    # masked_fill of integers cuts a float off, without a word.
    cut = name == "masked_fill float" and not (dtype.is_floating_point or dtype.is_complex)
    # One in GPU memory is not read: it might be too large.
    unread = name == "masked_fill 0-dim" and device == "cuda" and dtype in (torch.int32, torch.float16)
    narrow = NUMBER_DOES_NOT_FIT if dtype in (torch.bool, torch.uint8) or cut or unread else ()
    check(call, values.random((5, 9), dtype, device), served_by=frozenset(served_by), may_decline=narrow)


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16, torch.complex32, *values.FLOAT8), ids=str)
@pytest.mark.parametrize("name", ("eq", "ne", "lt", "le", "gt", "ge"))
def test_comparison_with_a_number_that_the_dtype_rounds(name, dtype, device):
    found = []
    for number in (0.1, 1 / 3, -2.7, 1e-9, 448.5, 65519.0, 70000.0, 300):
        here = torch.tensor([number], device=device).to(dtype).repeat(17)
        near = torch.cat([here, torch.tensor([number], device=device).mul(0.9).to(dtype)])
        for other in (number, torch.tensor(number, dtype=torch.float64, device=device), torch.tensor(number)):
            for text in differences(getattr(torch, name), (near, other), {}, served_by=frozenset({name})):
                found.append(f"{other!r}: {text}")
    fail_with(found)


@pytest.mark.parametrize("default", (torch.float64, torch.float16), ids=lambda dtype: str(dtype)[6:])
@pytest.mark.parametrize("name", ("sin", "sigmoid", "div", "add"))
def test_default_dtype_at_call_time(name, default, device):
    x = torch.arange(1, 20, device=device)
    call = {"div": lambda x: x / 3, "add": lambda x: x + 0.5}.get(name, getattr(torch, name))
    torch.set_default_dtype(default)
    try:
        check(call, x, served_by=frozenset({name}))
    finally:
        torch.set_default_dtype(torch.float32)
