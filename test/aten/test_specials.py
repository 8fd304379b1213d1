"""Special values: NaN, infinities, signed zeros, denormals, the extremes of integers, numbers above 2^53."""

import pytest
import torch

import gems
import values
from cases import operators_and_dtypes
from oracle import check


def integer_division(operator, dtype):
    return operator.name in ("div_trunc", "div_floor") and not dtype.is_floating_point


def drop_undefined_divisions(operands):
    """Integer division by zero raises (tested apart), and the smallest integer over -1 traps in ATen on the CPU."""
    x, y = operands
    defined = (y != 0) & ~((x == torch.iinfo(x.dtype).min) & (y == -1))
    return [x[defined], y[defined]]


@pytest.mark.parametrize("operator, dtype", operators_and_dtypes())
def test_all_combinations_of_special_values(operator, dtype, device):
    operands = values.special_operands([dtype] * len(operator.operands), operator.operands, device)
    if integer_division(operator, dtype):
        operands = drop_undefined_divisions(operands)
    if operator.name == "pow" and dtype in values.INTEGERS:
        operands = [operands[0][operands[1] >= 0], operands[1][operands[1] >= 0]]
    check(operator.call, *operands, served_by=operator.kernels(dtype), rule=operator.rule(dtype))


# ATen has ways of its own for most of these.
EXPONENTS = (0, 1, True, 2, 2.0, 3, -1, -2, 0.5, -0.5, 1.5, -3)


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("operator, dtype", operators_and_dtypes(where=lambda each: each.name == "pow"))
def test_powers_of_special_values(operator, dtype, exponent, device):
    (base,) = values.special_operands([dtype], ["value"], device)
    check(torch.pow, base, exponent, served_by=operator.kernels(dtype), rule=operator.rule(dtype))
    declined = {reason for row in gems.report().values() for reason in row.declined if reason.startswith("power of")}
    assert bool(declined) == (exponent in (0, 1))


@pytest.mark.parametrize(
    "operator, dtype", operators_and_dtypes((torch.float16, torch.bfloat16), lambda each: each.operands == ("value",))
)
def test_every_two_byte_float(operator, dtype, device):
    every = torch.arange(-(2**15), 2**15, dtype=torch.int16, device=device).view(dtype)
    check(operator.call, every, served_by=operator.kernels(dtype), rule=operator.rule(dtype))


@pytest.mark.parametrize("operator, dtype", operators_and_dtypes((torch.bool,)))
def test_bool_storage_with_any_non_zero_byte(operator, dtype, device):
    operands = [
        torch.tensor([0, 1, 2, 255, 128, 7] * 9, dtype=torch.uint8, device=device).roll(index).view(torch.bool)
        for index in range(len(operator.operands))
    ]
    if operator.name in ("copy_", "where", "masked_fill", "neg"):
        operands = [
            tensor.logical_or(tensor) if operator.operands[i] == "value" else tensor
            for i, tensor in enumerate(operands)
        ]
    check(operator.call, *operands, served_by=operator.kernels(dtype), rule=operator.rule(dtype))


# Around the counts from which on a kernel goes through vectors instead of giving each element a thread.
COUNTS = (2**14 - 1, 2**14, 2**14 + 1, 2**16 - 3, 2**16, 2**16 + 1, 2**18 + 5)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(
    "operator, dtype",
    operators_and_dtypes(
        (torch.float32, torch.bfloat16, torch.int64), lambda each: each.name in ("pow", "div_floor", "div_trunc", "log", "isnan")
    ),
)
def test_counts_around_a_change_of_launch(operator, dtype, count, device):
    operands = [values.random((count,), dtype, device, name, nonzero=True) for name in operator.operands]
    check(operator.call, *operands, served_by=operator.kernels(dtype), rule=operator.rule(dtype))
