"""The fused operators of torch.ops.gems beside their compositions: values, gradients, Meta, compilation."""

import pytest
import torch
import torch.nn.functional as F

import gems
import layouts
import values
from agreement import Rule, metadata_differences, value_difference
from oracle import fail_with


def _fused(name, *arguments, **keywords):
    return lambda *operands: getattr(torch.ops.gems, name)(*operands, *arguments, **keywords)


def _product(x, y):
    return x * y


# name: (fused call, composition, what the largest of the terms inside is no larger than)
FUSED = {
    "silu_and_mul": (_fused("silu_and_mul"), lambda x, y: F.silu(x) * y, _product),
    "gelu_and_mul": (_fused("gelu_and_mul"), lambda x, y: F.gelu(x) * y, _product),
    "gelu_and_mul none": (_fused("gelu_and_mul", approximate="none"), lambda x, y: F.gelu(x) * y, _product),
    "gelu_and_mul tanh": (
        _fused("gelu_and_mul", approximate="tanh"),
        lambda x, y: F.gelu(x, approximate="tanh") * y,
        _product,
    ),
}


def _gelu_exactly(x):
    return x * torch.special.erfc(-x * 0.5**0.5) / 2


def _gelu_tanh_exactly(x):
    return x * torch.sigmoid((8 / torch.pi) ** 0.5 * (x + 0.044715 * x**3))


# The references of compositions that cancel in double, too: gelu(-10) is small and not 0, which infinity times it shows.
EXACTLY = {
    "gelu_and_mul": lambda x, y: _gelu_exactly(x) * y,
    "gelu_and_mul none": lambda x, y: _gelu_exactly(x) * y,
    "gelu_and_mul tanh": lambda x, y: _gelu_tanh_exactly(x) * y,
}
OPTIONAL = {
    "bias_gelu": (_fused("bias_gelu"), lambda x, bias: F.gelu(x + bias), torch.add),
    "residual_scale_add": (_fused("residual_scale_add", 0.3), lambda x, y: x * 0.3 + y, torch.add),
}
FUSED |= {name: row for name, row in OPTIONAL.items() if hasattr(torch.ops.gems, name)}
DTYPES = {dtype: str(dtype)[6:] for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64)}
LAYOUTS = (
    *(
        "contiguous",
        "odd_length",
        "transposed",
        "channels_last",
        "sliced_columns",
        "offset_by_one",
        "zero_dim",
        "empty",
    ),
    *("row_broadcast", "column_broadcast_first", "transposed_last", "outer_product", "zero_dim_last"),
)

by_name = pytest.mark.parametrize("name", FUSED)
by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=DTYPES.get)


def operands_of(dtype, device, layout="contiguous"):
    return layouts.LAYOUTS[layout](lambda shape, index: values.random(shape, dtype, device), 2)


def agree(given, expected, wide, terms):
    """Fails unless the fused result is as close to float64 as the composition, plus part of an epsilon.

    terms: a bound on the terms inside, whose rounding in the computation dtype stays when they cancel: 1 + erf(-3)
    keeps few digits in the fused kernel and in the composition, but not the same ones. Zeros count as equal: the sign
    that ATen's gelu gives them depends on the processor.
    """
    found = metadata_differences(expected, given)
    if not found:
        computed_in = torch.float64 if given.dtype == torch.float64 else torch.float32
        slack = 3 * torch.finfo(computed_in).eps * terms.detach().cpu().double().abs().nan_to_num(0, 0, 0)
        text = value_difference(expected, given, lambda: wide.detach().cpu(), Rule(slack=slack, signed_zeros=False))
        found += [text] if text else []
    fail_with(found)


@by_name
@by_dtype
@pytest.mark.parametrize("layout", LAYOUTS)
def test_values(name, dtype, layout, device):
    fused, composed, bound = FUSED[name]
    operands = operands_of(dtype, device, layout)
    wide = [each.double() for each in operands]
    agree(fused(*operands), composed(*operands), composed(*wide), bound(*(each.abs() for each in wide)))


@by_name
@by_dtype
def test_special_values(name, dtype, device):
    fused, composed, bound = FUSED[name]
    operands = values.special_operands([dtype] * 2, ["value"] * 2, device)
    wide = [each.double() for each in operands]
    exactly = EXACTLY.get(name, composed)
    agree(fused(*operands), composed(*operands), exactly(*wide), bound(*(each.abs() for each in wide)))


@by_name
@by_dtype
@pytest.mark.parametrize(
    "layout", ("contiguous", "transposed", "row_broadcast", "column_broadcast_first", "zero_dim_last")
)
def test_gradients(name, dtype, layout, device):
    fused, composed, _ = FUSED[name]
    operands = operands_of(dtype, device, layout)
    terms = 2 * (1 + operands[0].double().abs()) * (1 + operands[1].double().abs())

    def gradients(call, wide):
        inputs = [each.detach().to(torch.float64 if wide else dtype).requires_grad_() for each in operands]
        result = call(*inputs)
        pattern = torch.arange(result.numel(), device=device).remainder(5).sub(2).reshape(result.shape).to(result.dtype)
        return torch.autograd.grad(result, inputs, pattern)

    shape = fused(*operands).shape
    rows = zip(operands, gradients(fused, False), gradients(composed, False), gradients(composed, True), strict=True)
    for operand, given, expected, wide in rows:
        assert (given.shape, given.dtype) == (operand.shape, operand.dtype)
        if operand.shape == shape:
            agree(given.contiguous(), expected.contiguous(), wide, terms)
        else:  # a sum over a broadcast dimension follows: each of its terms was rounded to the dtype
            allowed = torch.finfo(dtype).eps * terms.sum_to_size(operand.shape)
            assert bool(((given.double() - wide).abs() <= allowed).all())


@by_name
def test_gradcheck(name, device):
    fused, _, _ = FUSED[name]
    operands = [torch.randn(2, 3, dtype=torch.float64, device=device, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(fused, operands)
    row = torch.randn(3, dtype=torch.float64, device=device, requires_grad=True)
    assert torch.autograd.gradcheck(fused, [operands[0], row])


@by_name
def test_gradient_of_one_operand_only(name, device):
    fused, composed, _ = FUSED[name]
    for wanted in (0, 1):
        operands = [torch.randn(4, 5, device=device).requires_grad_(index == wanted) for index in (0, 1)]
        given = torch.autograd.grad(fused(*operands).sum(), operands[wanted])[0]
        expected = torch.autograd.grad(composed(*operands).sum(), operands[wanted])[0]
        torch.testing.assert_close(given, expected)


@by_name
@pytest.mark.parametrize(
    "dtype", ((torch.float32, torch.bfloat16), (torch.float16, torch.bfloat16), (torch.float64, torch.float32)), ids=str
)
def test_mixed_dtypes_promote_like_mul(name, dtype, device):
    fused, composed, _ = FUSED[name]
    x, y = (torch.randn(3, 5, device=device).to(each) for each in dtype)
    result = fused(x, y)
    assert result.dtype == torch.result_type(x, y)
    torch.testing.assert_close(result, composed(x.to(result.dtype), y.to(result.dtype)))


@by_name
def test_meta(name):
    fused, _, _ = FUSED[name]
    x, y = (
        torch.empty(6, 1, 5, device="meta", dtype=torch.bfloat16),
        torch.empty(4, 5, device="meta", dtype=torch.bfloat16),
    )
    result = fused(x, y)
    assert (result.shape, result.dtype, result.device.type) == ((6, 4, 5), torch.bfloat16, "meta")
    dense = torch.empty(5, 6, device="meta").t()
    assert fused(dense, dense).stride() == (dense * dense).stride()


@by_name
def test_opcheck(name, device):
    """PyTorch's own check of a custom operator: schema, autograd, fake tensors, aot_eager with dynamic shapes."""
    overload = getattr(torch.ops.gems, name.split()[0]).default
    keywords = {"approximate": name.split()[1]} if " " in name else {}
    extra = (0.3,) if name == "residual_scale_add" else ()
    operands = [torch.randn(3, 4, device=device, requires_grad=True) for _ in range(2)]
    torch.library.opcheck(overload, (*operands, *extra), keywords)


@by_name
def test_aot_eager_without_graph_breaks(name, device):
    fused, _, _ = FUSED[name]
    compiled = torch.compile(fused, backend="aot_eager", fullgraph=True, dynamic=True)
    for shape in ((4, 5), (7, 3)):
        operands = [torch.randn(shape, device=device, requires_grad=True) for _ in range(2)]
        result = compiled(*operands)
        torch.testing.assert_close(result, fused(*operands), rtol=0, atol=0)
        torch.testing.assert_close(
            torch.autograd.grad(result.sum(), operands), torch.autograd.grad(fused(*operands).sum(), operands)
        )


@by_name
def test_refuses_what_it_cannot_compute(name, device):
    fused, _, _ = FUSED[name]
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        fused(torch.ones(3, device=device), torch.ones(4, device=device))
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        fused(torch.ones(3, device=device), torch.ones(3, device="meta"))


def test_unknown_approximation_is_named():
    with pytest.raises((RuntimeError, ValueError), match="approximate.*|.*sometimes"):
        torch.ops.gems.gelu_and_mul(torch.ones(3), torch.ones(3), approximate="sometimes")


def test_works_with_the_override_off_and_on(device):
    x, y = torch.randn(2, 50, device=device)
    off = torch.ops.gems.silu_and_mul(x, y)
    with gems.use_gems():
        assert torch.equal(torch.ops.gems.silu_and_mul(x, y), off)
