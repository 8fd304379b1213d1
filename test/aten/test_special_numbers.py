"""Every overload that takes numbers, with the numbers at which kernels go astray: NaN, infinities, signed zeros, numbers
out of range and of a higher category."""

import math

import pytest
import torch

import gems
import values
from agreement import Rule
from oracle import differences, fail_with

NUMBERS = (
    float("nan"), float("inf"), float("-inf"), 0, 0.0, -0.0, 1, -1, 2, 3, -2, 0.5, -0.5, 2.5, 300, 2**40, 1e39, True, 1j,
    complex(float("nan"), 0),
)  # fmt: skip
DTYPES = (
    torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int32, torch.int64, torch.uint8, torch.bool,
    torch.complex64,
)  # fmt: skip
SIZE = 37


def overload(name):
    """torch.ops.aten's overload of a name in gems.all_ops()."""
    operator, _, kind = name.partition(".")
    return getattr(getattr(torch.ops.aten, operator), kind or "default")


def number_arguments(op):
    return [each.name for each in op._schema.arguments if str(each.type) in ("number", "Scalar", "Optional[number]")]


WITH_NUMBERS = [name for name in gems.all_ops() if number_arguments(overload(name))]


def call_with(op, numbers, dtype, device):
    """The overload's arguments: numbers as given by name, masks of bool, results of the first operand's dtype."""
    arguments, keywords = [], {}
    for argument in op._schema.arguments:
        if argument.name in numbers:
            value = numbers[argument.name]
        elif str(argument.type) == "Tensor":
            kind = "mask" if argument.name in ("mask", "condition") else "value"
            is_result = argument.alias_info is not None and argument.kwarg_only
            made = torch.bool if is_result and op._schema.name.split("::")[1] in ("eq", "ne", "lt", "le", "gt", "ge") else dtype
            value = values.random((SIZE,), made, device, kind)
        elif argument.has_default_value():
            value = argument.default_value
        else:
            value = None
        if argument.kwarg_only:
            keywords[argument.name] = value
        else:
            arguments.append(value)
    return arguments, keywords


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype)[6:])
@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_special_numbers(name, dtype, device):
    op = overload(name)
    places = number_arguments(op)
    # The order of a mean's terms is each kernel's own.
    rule = Rule(terms=lambda x, *_: x.abs().mean()) if name.split(".")[0] in ("var_mean", "std_mean") else None
    found = []
    for place in places:
        for number in NUMBERS:
            for others in (1, None) if len(places) > 1 else (1,):
                numbers = {other: others for other in places} | {place: number}
                arguments, keywords = call_with(op, numbers, dtype, device)
                for text in differences(op, arguments, keywords, rule=rule):
                    found.append(f"{numbers}: {text}")
    fail_with(found)


@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16, torch.int32), ids=lambda dtype: str(dtype)[6:])
@pytest.mark.parametrize("name", ("clamp_min", "clamp_max"))
def test_a_bound_that_is_nan_makes_everything_nan(name, dtype, device):
    x = torch.ones(SIZE, device=device).to(dtype)
    with gems.use_gems():
        results = [getattr(torch, name)(x, math.nan)]
        if dtype.is_floating_point:
            results += [getattr(x.clone(), name + "_")(math.nan), getattr(torch, name)(x, math.nan, out=x.clone())]
    for result in results:
        assert bool(result.isnan().all())
    assert gems.report()[name].served > 0


@pytest.mark.parametrize("place", ("min", "max"))
def test_the_only_bound_of_clamp_is_ignored_when_nan(place, device):
    x = torch.arange(SIZE, device=device).float()
    with gems.use_gems():
        assert torch.equal(torch.clamp(x, **{place: math.nan}), x)


def test_two_byte_tensor_plus_a_number_rounds_once(device):
    """ATen's CPU kernel rounds the number to the tensor's dtype before it adds: 9.8e-5 here. gems and ATen's CUDA kernel
    add in f32 and round the sum; docs/overrides.md says so."""
    x = torch.tensor([0.1], dtype=torch.bfloat16, device=device)
    with gems.use_gems():
        given = x + -0.1
    assert given.item() == torch.tensor(x.float().item() - 0.1).bfloat16().item() != 0
