"""Every f16 and bf16 operand of functions that have formulas of their own (docs/precision.md), against float64.

Run with -s to see how many results are not the nearest ones, beside ATen's.
"""

import pytest
import torch
import torch.nn.functional as F

import gems

SQRT_HALF = 0.5**0.5
SQRT_2_OVER_PI = (2 / torch.pi) ** 0.5


def _gelu(x):
    return x * 0.5 * torch.special.erfc(-x * SQRT_HALF)


def _gelu_tanh(x):
    return x * torch.sigmoid(2 * SQRT_2_OVER_PI * (x + 0.044715 * x**3))


# name: (call, the exact function in double, where the call's own formula would cancel)
FUNCTIONS = {
    "cos": (torch.cos, torch.cos),
    "erf": (torch.erf, torch.erf),
    "exp": (torch.exp, torch.exp),
    "gelu": (F.gelu, _gelu),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), _gelu_tanh),
    "log": (torch.log, torch.log),
    "reciprocal": (torch.reciprocal, torch.reciprocal),
    "rsqrt": (torch.rsqrt, torch.rsqrt),
    "sigmoid": (torch.sigmoid, torch.sigmoid),
    "silu": (F.silu, lambda x: x * torch.sigmoid(x)),
    "sin": (torch.sin, torch.sin),
    "sqrt": (torch.sqrt, torch.sqrt),
    "tanh": (torch.tanh, torch.tanh),
}


def ulps(result, exact):
    """The distance of each finite result from the exact value, in units of the result dtype's last place."""
    limits = torch.finfo(result.dtype)
    scale = torch.exp2(torch.floor(torch.log2(exact.abs().clamp(min=limits.tiny)))) * limits.eps
    return ((result.double() - exact).abs() / scale)[torch.isfinite(exact) & (exact.abs() <= limits.max)]


def specials(result):
    """Which results are NaN, infinite, or zero with a sign."""
    return torch.isnan(result), torch.isinf(result), (result == 0) & torch.signbit(result)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=lambda dtype: str(dtype)[6:])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_result_is_within_one_unit_in_the_last_place(name, dtype, device):
    call, exactly = FUNCTIONS[name]
    every = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(dtype)
    eager = call(every.to(device)).cpu()
    gems.reset_report()
    with gems.use_gems():
        given = call(every.to(device)).cpu()
    assert sum(row.served for row in gems.report().values()) == 1
    exact = exactly(every.double())
    ours, theirs = ulps(given, exact), ulps(eager, exact)
    print(
        f"{name} {str(dtype)[6:]} on {device}: {ours.max():.3f} ulp, {int((ours > 0.5).sum())} not nearest "
        f"(ATen {theirs.max():.3f}, {int((theirs > 0.5).sum())})"
    )
    assert ours.max() <= 1
    nearest = exact.to(dtype)
    for what, have, want in zip(("NaN", "infinite", "-0"), specials(given), specials(nearest), strict=True):
        wrong = have != want
        # Where the exact result is too small for the dtype, its neighbour is as good.
        wrong &= ~((what == "-0") & (exact != 0))
        wrong &= ~((what == "infinite") & torch.isfinite(exact))
        assert not wrong.any(), f"{what}: {every[wrong][:4].tolist()} give {given[wrong][:4].tolist()}"


@pytest.mark.parametrize("exponent", ["tensor", 2.5, -1.5, 1 / 3])
def test_powers_of_f32_are_no_further_off_than_in_aten(exponent, device):
    torch.manual_seed(0)
    base = torch.exp2(torch.empty(2**20).uniform_(-20, 20))
    # A number is rounded to f32, as the kernel's parameter is.
    power = torch.empty(2**20).uniform_(-6, 6) if exponent == "tensor" else float(torch.tensor(exponent))
    exact = torch.pow(base.double(), power.double() if exponent == "tensor" else power)
    at = [each.to(device) if isinstance(each, torch.Tensor) else each for each in (base, power)]
    eager = torch.pow(*at).cpu()
    with gems.use_gems():
        given = torch.pow(*at).cpu()
    ours, theirs = ulps(given, exact), ulps(eager, exact)
    print(f"pow {exponent} on {device}: {ours.max():.3f} ulp (ATen {theirs.max():.3f})")
    assert ours.max() <= max(theirs.max(), 0.6)
