"""silu_and_mul and gelu_and_mul of one packed tensor beside the same of its halves: values, gradients, transforms."""

import pytest
import torch
import torch.nn.functional as F

import gems

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
CALLS = {
    "silu": (torch.ops.gems.silu_and_mul, {}),
    "gelu": (torch.ops.gems.gelu_and_mul, {}),
    "gelu tanh": (torch.ops.gems.gelu_and_mul, {"approximate": "tanh"}),
}
LAYOUTS = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.mT.contiguous().mT,
    "sliced": lambda x: torch.cat((x, x), -1)[..., 1 : 1 + x.shape[-1]],
    "strided": lambda x: torch.stack((x, x), -1)[..., 0],
    "broadcast": lambda x: x[:1].expand(x.shape),
}
by_call = pytest.mark.parametrize("name", CALLS)
by_order = pytest.mark.parametrize("gate_last", (False, True), ids=("gate_first", "gate_last"))


def packed(name, gate_last):
    op, flags = CALLS[name]
    return lambda x: op(x, gate_last=gate_last, **flags)


def apart(name, gate_last):
    op, flags = CALLS[name]

    def call(x):
        first, second = x.chunk(2, -1)
        return op(second, first, **flags) if gate_last else op(first, second, **flags)

    return call


def gradient(call, x):
    x = x.detach().requires_grad_()
    result = call(x)
    pattern = torch.arange(result.numel(), device=x.device).remainder(5).sub(2).reshape(result.shape).to(result.dtype)
    return torch.autograd.grad(result, x, pattern)[0]


@by_call
@by_order
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_and_gradients_are_those_of_the_halves(name, gate_last, dtype, layout, device):
    x = LAYOUTS[layout](torch.randn(3, 5, 14, device=device).to(dtype))
    given, expected = packed(name, gate_last)(x), apart(name, gate_last)(x)
    assert torch.equal(given, expected)
    assert (given.dtype, given.shape, given.stride()) == (dtype, (3, 5, 7), expected.stride())
    of_x = gradient(packed(name, gate_last), x)
    assert torch.equal(of_x, gradient(apart(name, gate_last), x))
    assert of_x.stride() == torch.empty_like(x).stride()


def test_the_gate_is_the_first_half(device):
    x = torch.randn(4, 6, device=device)
    first, second = x.chunk(2, -1)
    torch.testing.assert_close(torch.ops.gems.silu_and_mul(x), F.silu(first) * second)
    torch.testing.assert_close(torch.ops.gems.gelu_and_mul(x, gate_last=True), first * F.gelu(second))


@by_order
@pytest.mark.parametrize("shape", ((0, 4), (4, 0), (2,), (1, 1, 2), (3, 1026)), ids=str)
def test_sizes(gate_last, shape, device):
    x = torch.randn(shape, device=device)
    assert torch.equal(packed("silu", gate_last)(x), apart("silu", gate_last)(x))
    assert torch.equal(gradient(packed("silu", gate_last), x), gradient(apart("silu", gate_last), x))


def test_gradient_is_one_call(device):
    x = torch.randn(3, 8, device=device, requires_grad=True)
    torch.ops.gems.silu_and_mul(x).sum().backward()
    called = {name: row.served for name, row in gems.report().items() if row.calls}
    assert called == {"gems::silu_and_mul.packed": 1, "gems::_silu_and_mul_packed_grad": 1}


@by_call
@by_order
def test_derivatives_of_any_order(name, gate_last, device):
    x = torch.randn(3, 4, dtype=torch.float64, device=device, requires_grad=True)
    assert torch.autograd.gradcheck(packed(name, gate_last), x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(packed(name, gate_last), x)


def test_gradient_of_complex_numbers(device):
    x = torch.randn(3, 4, dtype=torch.complex128, device=device, requires_grad=True)
    assert torch.autograd.gradcheck(torch.ops.gems.silu_and_mul, x)


@by_call
@by_order
def test_transforms(name, gate_last, device):
    call, reference = packed(name, gate_last), apart(name, gate_last)
    x = torch.randn(3, 5, 8, dtype=torch.float64, device=device)
    for dim in (0, 1, 2):
        if dim < 2:
            given = torch.func.vmap(call, in_dims=dim, out_dims=dim)(x)
            torch.testing.assert_close(given, reference(x))
        slopes = torch.func.vmap(torch.func.grad(lambda each: call(each).square().sum()), in_dims=0)(x)
        torch.testing.assert_close(slopes, torch.func.grad(lambda each: reference(each).square().sum())(x))
    row = x[0, 0]
    torch.testing.assert_close(torch.func.hessian(lambda each: call(each).sum())(row), torch.func.hessian(lambda each: reference(each).sum())(row))
    torch.testing.assert_close(torch.func.jvp(call, (x,), (x.sin(),)), torch.func.jvp(reference, (x,), (x.sin(),)))


@by_call
@by_order
def test_opcheck(name, gate_last, device):
    op, flags = CALLS[name]
    flags = {**flags, "gate_last": gate_last}
    x = torch.randn(3, 8, device=device, requires_grad=True)
    grad = torch.randn(3, 4, device=device, requires_grad=True)
    torch.library.opcheck(op.packed, (x,), flags)
    torch.library.opcheck(getattr(torch.ops.gems, f"_{op.__name__}_packed_grad").default, (grad, x), flags)
    torch.library.opcheck(op.packed_out, (x.detach(),), {**flags, "out": torch.empty(3, 4, device=device)})


@by_call
@pytest.mark.parametrize("dynamic", (False, True), ids=("static", "dynamic"))
def test_compiled(name, dynamic, device):
    call = packed(name, False)
    torch.compiler.reset()
    compiled = torch.compile(call, backend="aot_eager", fullgraph=True, dynamic=dynamic)
    for shape in ((4, 6), (7, 10)):
        x = torch.randn(shape, device=device)
        assert torch.equal(compiled(x), call(x))
        assert torch.equal(gradient(compiled, x), gradient(call, x))


def test_meta():
    x = torch.empty(6, 4, 10, dtype=torch.bfloat16, device="meta")
    result = torch.ops.gems.silu_and_mul(x.transpose(0, 1))
    assert (result.shape, result.dtype, result.device.type) == ((4, 6, 5), torch.bfloat16, "meta")
    assert result.stride() == (5, 20, 1)


@by_call
@by_order
def test_decomposition(name, gate_last, device):
    op, flags = CALLS[name]
    x, grad = torch.randn(3, 8, device=device), torch.randn(3, 4, device=device)
    for overload, operands in ((op.packed, (x,)), (getattr(torch.ops.gems, f"_{op.__name__}_packed_grad").default, (grad, x))):
        given = gems.decompositions()[overload](*operands, gate_last=gate_last, **flags)
        assert torch.equal(given, overload(*operands, gate_last=gate_last, **flags))


@by_order
def test_out(gate_last, device):
    x = torch.randn(3, 8, device=device)
    out = torch.empty(3, 4, device=device, dtype=torch.float64)
    torch.ops.gems.silu_and_mul(x, gate_last=gate_last, out=out)
    torch.testing.assert_close(out, packed("silu", gate_last)(x).double(), rtol=1e-6, atol=1e-6)
    with pytest.raises(RuntimeError, match=r"gems::silu_and_mul.packed_out: functions with out=\.\.\. arguments don't support"):
        torch.ops.gems.silu_and_mul(x.requires_grad_(), out=torch.empty(3, 4, device=device))


@pytest.mark.parametrize("shape", ((3, 5), ()), ids=("odd", "without dimensions"))
@pytest.mark.parametrize("where", ("device", "meta"))
def test_refuses_what_has_no_halves(shape, where, device):
    text = r"op 'gelu_and_mul': operand 0 'x' has shape .*, expected \[\.\.\., 2 N\], .* or call it with two tensors"
    with pytest.raises(RuntimeError, match=text):
        torch.ops.gems.gelu_and_mul(torch.ones(shape, device=device if where == "device" else where))


def test_refuses_integers_and_unknown_flags(device):
    with pytest.raises(RuntimeError, match="op 'silu_and_mul' takes floats and complex numbers: operand 0 'x' is i32"):
        torch.ops.gems.silu_and_mul(torch.ones(3, 4, dtype=torch.int32, device=device))
    with pytest.raises(RuntimeError, match="approximate.*sometimes"):
        torch.ops.gems.gelu_and_mul(torch.ones(3, 4, device=device), approximate="sometimes")
