"""Integer division on the CPU: served, unless a divisor is zero; then ATen raises, and finds the operands untouched."""

import pytest
import torch

import gems
from cases import operators_and_dtypes
from oracle import assert_served, check
from values import INTEGERS

ROUNDED_DIVISIONS = operators_and_dtypes(INTEGERS, lambda each: each.name in ("div_trunc", "div_floor"))
ZERO_AT = {
    "nowhere": lambda y: y,
    "everywhere": torch.zeros_like,
    "the start": lambda y: y.index_fill(0, torch.tensor(0), 0),
    "the end": lambda y: y.index_fill(0, torch.tensor(len(y) - 1), 0),
}
SHAPES = {
    "one": (lambda y: y[:1]),
    "odd": (lambda y: y[:1027]),
    "several threads": (lambda y: y),
    "strided": (lambda y: y[: len(y) // 2 * 2].view(-1, 2)[:, 0]),
    "transposed": (lambda y: y[: len(y) // 64 * 64].view(64, -1).t()),
    "expanded": (lambda y: y[:50, None].expand(50, 40)),
    "0-dim": (lambda y: y[-1]),
}
ERROR = "ZeroDivisionError"


pytestmark = pytest.mark.skipif("config.getoption('device') == 'cuda'", reason="unspecified on CUDA")


def divisor(dtype):
    return torch.arange(100_003).remainder(100).add(1).to(dtype)


@pytest.mark.parametrize("zero_at", ZERO_AT)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("operator, dtype", ROUNDED_DIVISIONS)
def test_functional_out_and_in_place(operator, dtype, shape, zero_at):
    y = SHAPES[shape](ZERO_AT[zero_at](divisor(dtype)))
    x = SHAPES[shape](divisor(dtype).mul(3).clone()).contiguous()
    check(operator.call, x, y, served_by=operator.served_by)
    check(lambda x, y, out: operator.call(x, y, out=out), x, y, torch.empty_like(x), served_by=operator.served_by)
    # With one thread ATen stops at the first zero; with more, what it leaves behind is chance.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        check(operator.in_place, x, y, served_by=operator.served_by)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("operator, dtype", ROUNDED_DIVISIONS)
def test_self_by_self(operator, dtype):
    ramp = torch.arange(-60, 60) if dtype.is_signed else torch.arange(120)
    for x in (ramp.to(dtype), ramp[ramp != 0].to(dtype)):
        check(lambda x: operator.in_place(x, x), x, served_by=operator.served_by)
        check(lambda x: operator.call(x, x, out=x), x, served_by=operator.served_by)


@pytest.mark.parametrize("value", (2**32, 2**32 + 7, 2**31 + 1, -1), ids=hex)
@pytest.mark.parametrize("operator, dtype", ROUNDED_DIVISIONS)
def test_divisor_that_loses_its_high_bits(operator, dtype, value):
    """A 0-dim divisor does not widen the division: 2^32 becomes 0 among i32."""
    x = torch.arange(1, 40).to(dtype)
    check(operator.call, x, torch.tensor(value), served_by=operator.served_by)
    check(operator.call, x, value, served_by=operator.served_by)


def test_zero_that_comes_and_goes():
    """The values are looked at in each call, whatever an earlier call of the same kind had."""
    x, ones = torch.arange(40), torch.ones(40, dtype=torch.int64)
    for y in (ones, ones[0], 1):
        zero = y * 0
        with gems.use_gems():
            for _ in range(2):
                with pytest.raises(RuntimeError, match=ERROR):
                    x.div(zero, rounding_mode="floor")
                gems.reset_report()
                torch.testing.assert_close(x.div(y, rounding_mode="floor"), x)
                assert_served(gems.report(), "div.Tensor_mode")


def test_bool_divisor():
    x = torch.arange(40)
    truth = torch.tensor([1, 2, 255, 128], dtype=torch.uint8).repeat(10).view(torch.bool)
    check(torch.div, x, truth, rounding_mode="floor", served_by={"div"})
    check(torch.div, x, truth & (x < 30), rounding_mode="trunc", served_by={"div"})
