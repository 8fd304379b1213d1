"""Activations of torch.ops.gems that ATen does not have, beside their formulas in float64: values, gradients, compilation."""

import pytest
import torch

import gems  # noqa: F401  (defines torch.ops.gems)
import layouts
import values

# name: (value, derivative), of float64.
FORMULAS = {
    "quick_gelu": (
        lambda x: x * torch.sigmoid(1.702 * x),
        lambda x: torch.sigmoid(1.702 * x) * (1 + 1.702 * x * torch.sigmoid(-1.702 * x)),
    ),
    "relu_squared": (lambda x: torch.relu(x).square(), lambda x: 2 * torch.relu(x)),
}
DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
LAYOUTS = ("contiguous", "odd_length", "transposed", "channels_last", "sliced_columns", "offset_by_one", "zero_dim", "empty")
by_name = pytest.mark.parametrize("name", FORMULAS)
by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def operator(name):
    return getattr(torch.ops.gems, name)


def assert_rounded(given, wide, dtype, x):
    """Half an epsilon of the result's dtype, and some of what is computed in, of the terms where they cancel."""
    computed_in = torch.float64 if dtype == torch.float64 else torch.float32
    slack = 8 * torch.finfo(computed_in).eps * (1 + x.double().abs())
    allowed = torch.finfo(dtype).eps / 2 * wide.abs() * 1.01 + slack * (1 + wide.abs()).minimum(1 + x.double().abs())
    allowed += torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps  # subnormal results
    assert given.dtype == dtype
    assert bool(((given.double() - wide).abs() <= allowed).all()), (given.double() - wide).abs().max()


@by_name
@by_dtype
@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_and_gradients(name, dtype, layout, device):
    value, derivative = FORMULAS[name]
    (x,) = layouts.LAYOUTS[layout](lambda shape, index: values.random(shape, dtype, device), 1)
    given = operator(name)(x)
    assert_rounded(given, value(x.double()), dtype, x)
    assert given.stride() == torch.relu(x).stride()
    leaf = x.detach().requires_grad_()
    slope = torch.autograd.grad(operator(name)(leaf).sum(), leaf)[0]
    assert_rounded(slope, derivative(x.double()), dtype, x)


@by_name
@by_dtype
def test_special_values(name, dtype, device):
    x = torch.tensor([torch.nan, torch.inf, 0.0, -0.0, -200.0, 200.0], device=device, dtype=dtype)
    expected = FORMULAS[name][0](x.double()).to(dtype)
    torch.testing.assert_close(operator(name)(x), expected, equal_nan=True)
    leaf = x[2:].detach().requires_grad_()
    slope = torch.autograd.grad(operator(name)(leaf).sum(), leaf)[0]
    torch.testing.assert_close(slope, FORMULAS[name][1](x[2:].double()).to(dtype))


@by_name
def test_derivatives_of_any_order(name, device):
    x = torch.randn(3, 4, dtype=torch.float64, device=device, requires_grad=True)
    assert torch.autograd.gradcheck(operator(name), x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(operator(name), x)
    x = x.detach()
    given, expected = (torch.func.vmap(torch.func.hessian(f))(x) for f in (operator(name), FORMULAS[name][0]))
    torch.testing.assert_close(given, expected)


@by_name
def test_opcheck(name, device):
    torch.library.opcheck(operator(name).default, (torch.randn(3, 4, device=device, requires_grad=True),))


@by_name
@pytest.mark.parametrize("dynamic", (False, True), ids=("static", "dynamic"))
def test_compiled(name, dynamic, device):
    torch.compiler.reset()
    compiled = torch.compile(operator(name), backend="aot_eager", fullgraph=True, dynamic=dynamic)
    for shape in ((4, 5), (7, 3)):
        x = torch.randn(shape, device=device, requires_grad=True)
        given, expected = compiled(x), operator(name)(x)
        assert torch.equal(given, expected)
        assert torch.equal(*(torch.autograd.grad(each.sum(), x)[0] for each in (given, expected)))


def test_integers(device):
    x = torch.tensor([-3, 0, 4], device=device)
    assert operator("relu_squared")(x).tolist() == [0, 0, 16]
    with pytest.raises(RuntimeError, match="op 'quick_gelu' takes floats: operand 0 'x' is i64"):
        operator("quick_gelu")(x)
