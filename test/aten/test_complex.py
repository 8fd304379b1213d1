"""Complex numbers at their edges: signs of zero parts in quotients, and moduli that overflow."""

import cmath

import pytest
import torch

import gems
from operators import OPERATORS
from oracle import check

PARTS = (0.0, -0.0, 1.0, -1.0, 2.0, -2.0, float("inf"), float("-inf"))
NUMBERS = [complex(re, im) for re in PARTS for im in PARTS]
dtypes = pytest.mark.parametrize("dtype", (torch.complex64, torch.complex128), ids=str)


def differ(a, b):
    """Where two complex tensors differ, signs of zero included; NaN is NaN."""
    a, b = torch.view_as_real(a), torch.view_as_real(b)
    same = (a == b) & (a.signbit() == b.signbit()) | (a.isnan() & b.isnan())
    return (~same).any(-1)


@dtypes
def test_zero_parts_of_quotients_have_atens_signs(dtype, device):
    x = torch.tensor([a for a in NUMBERS for b in NUMBERS], dtype=dtype, device=device)
    y = torch.tensor([b for a in NUMBERS for b in NUMBERS], dtype=dtype, device=device)
    expected = x / y
    with gems.use_gems():
        given = x / y
    wrong = differ(expected, given)
    assert not wrong.any(), [(x[i].item(), y[i].item(), expected[i].item(), given[i].item()) for i in wrong.nonzero()[:5]]


@dtypes
def test_the_branch_that_a_sign_chooses(dtype, device):
    one = torch.tensor([1j], dtype=dtype, device=device)
    with gems.use_gems():
        assert not torch.view_as_real(one / one)[0, 1].signbit()
        root = (one / -one).sqrt()
    torch.testing.assert_close(root, (one / -one).sqrt())


@pytest.mark.parametrize("name", ("log", "sqrt", "rsqrt", "pow"))
def test_moduli_that_overflow(name, device):
    big = [complex(a * 1.5e308, b * 1.5e308) for a in (1, -1, 0.5) for b in (1, -1, 1e-3)]
    tiny = [complex(a * 1e-310, b * 1e-310) for a in (1, -1) for b in (1, -0.5)]
    x = torch.tensor(big + tiny, dtype=torch.complex128, device=device)
    call = (lambda x: x.pow(0.25 + 0j)) if name == "pow" else getattr(torch, name)
    function = {
        "log": cmath.log,
        "sqrt": cmath.sqrt,
        "rsqrt": lambda z: 1 / cmath.sqrt(z),
        "pow": lambda z: cmath.exp(0.25 * cmath.log(z)),
    }[name]
    expected = torch.tensor([function(each) for each in big + tiny], dtype=torch.complex128)
    with gems.use_gems():
        given = call(x).cpu()
    assert gems.report()["pow.Tensor_Scalar" if name == "pow" else name].served
    torch.testing.assert_close(given, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("exponent", (2, 3, -2, 1, 0))
@dtypes
def test_powers_that_aten_multiplies_out(exponent, dtype, device):
    x = torch.tensor([number for number in NUMBERS if cmath.isfinite(number) and number], dtype=dtype, device=device)
    check(torch.pow, x, exponent, rule=OPERATORS["pow"].rule(dtype))
