"""Gradients: with the override and without, double backward, and against finite differences."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import gems
import layouts
import values
from agreement import Rule
from cases import DEVICE, operators, operators_and_dtypes
from operators import OPERATORS
from oracle import assert_served, check

DIFFERENTIABLE = (torch.float32, torch.bfloat16, torch.complex64)
LAYOUTS = (
    "contiguous",
    "transposed",
    "channels_last",
    "row_broadcast",
    "column_broadcast_first",
    "zero_dim_last",
    "expanded_inner",
    "empty",
)
# Operators whose gradient is an ATen operator of its own: it must be ours too.
BACKWARD_CALLS = {name: OPERATORS[name].call for name in ("relu", "gelu", "gelu_tanh", "silu", "sigmoid", "tanh")}
BACKWARD_CALLS["threshold"] = lambda x: torch.nn.functional.threshold(x, 0.5, 2)
BACKWARD = {
    "relu": "threshold_backward",
    "gelu": "gelu_backward",
    "gelu_tanh": "gelu_backward",
    "silu": "silu_backward",
    "sigmoid": "sigmoid_backward",
    "tanh": "tanh_backward",
    "threshold": "threshold_backward",
}


def differentiable(operator):
    return bool(operator.gradient_dtypes(DEVICE)) and operator.name not in ("copy_", "isnan", "isinf")


def cases():
    for case in operators_and_dtypes(DIFFERENTIABLE, differentiable):
        operator, dtype = case.values
        if dtype in operator.gradient_dtypes(DEVICE):
            for layout in LAYOUTS:
                if layout in layouts.names(len(operator.operands)):
                    yield pytest.param(operator, dtype, layout, id=f"{case.id}-{layout}")


def operands_of(operator, dtype, device, layout="contiguous", smooth=False):
    """Operands away from the points where the operator has no derivative, when `smooth`."""

    def make(shape, index):
        drawn = values.random(shape, dtype, device, operator.operands[index])
        return drawn.abs() + 0.6 if smooth and operator.operands[index] == "value" and not dtype.is_complex else drawn

    made = layouts.LAYOUTS[layout](make, len(operator.operands))
    return [each.detach().requires_grad_(kind == "value") for each, kind in zip(made, operator.operands, strict=True)]


def with_gradients(call):
    """The call, its result's gradient filled with a fixed pattern, and the gradients of the operands."""

    def run(*operands):
        result = call(*operands)
        inputs = [each for each in operands if each.requires_grad]
        pattern = (
            torch.arange(result.numel(), device=result.device)
            .remainder(7)
            .sub(3)
            .reshape(result.shape)
            .to(result.dtype)
        )
        return result, torch.autograd.grad(result, inputs, pattern, allow_unused=True)

    return run


@pytest.mark.parametrize("operator, dtype, layout", cases())
def test_gradient_agrees(operator, dtype, layout, device):
    served_by = operator.served_by | ({BACKWARD[operator.name]} if operator.name in BACKWARD else set())
    # Forward, then a formula of up to three operations.
    operands = operands_of(operator, dtype, device, layout)
    rule = Rule(operations=4, terms=operator.gradient_terms, saved=operator.gradient_saved)
    check(with_gradients(operator.call), *operands, served_by=served_by, rule=rule)


@pytest.mark.parametrize("name", BACKWARD)
def test_backward_operator_is_ours(name, device):
    x = torch.randn(300, device=device, requires_grad=True)
    with gems.use_gems():
        BACKWARD_CALLS[name](x).sum().backward()
    assert_served(gems.report(), BACKWARD[name])


@pytest.mark.parametrize("dtype", DIFFERENTIABLE[:2], ids=lambda dtype: str(dtype)[6:])
def test_gradient_of_threshold(dtype, device):
    x = torch.randn(300, device=device).to(dtype).requires_grad_()
    check(with_gradients(BACKWARD_CALLS["threshold"]), x, served_by=frozenset({"threshold_backward"}), exact=True)


@pytest.mark.parametrize("operator", operators(differentiable))
def test_gradcheck(operator, device):
    operands = small(operator, device)
    with gems.use_gems():
        assert gradcheck(operator.call, operands)
    assert any(row.served for row in gems.report().values()), "no call was served"


@pytest.mark.parametrize("operator", operators(differentiable))
def test_gradgradcheck(operator, device):
    operands = small(operator, device)
    with gems.use_gems():
        assert gradgradcheck(operator.call, operands)


def small(operator, device):
    """Few operands in f64, where finite differences are exact enough; distinct, so that ties do not happen."""
    drawn = [values.random((2, 3), torch.float64, device, kind).detach() for kind in operator.operands]
    drawn = [
        each if kind == "mask" else each.abs() + 0.6 + 0.37 * index
        for index, (each, kind) in enumerate(zip(drawn, operator.operands, strict=True))
    ]
    return tuple(each.requires_grad_(kind == "value") for each, kind in zip(drawn, operator.operands, strict=True))


def test_forward_inside_and_backward_outside_the_scope(device):
    def run(inside, outside):
        x = torch.linspace(-3, 3, 101, device=device, requires_grad=True)
        with gems.use_gems(include=inside):
            y = torch.sigmoid(x).mul(x).relu()
        with gems.use_gems(include=outside):
            y.sum().backward()
        return x.grad

    expected = run([], [])
    torch.testing.assert_close(run("*", []), expected)
    torch.testing.assert_close(run([], "*"), expected)


def test_gradient_of_composite_operators_survives(device):
    """where with a number is composite: an override of it would lose its gradient."""
    for call in (
        lambda x: torch.where(x > 0, x, 0.0),
        lambda x: torch.where(x > 0, 1.0, x),
        lambda x: torch.true_divide(x, 3),
        lambda x: torch.square(x),
        lambda x: torch.rsub(x, 1),
        lambda x: torch.subtract(x, x * 2),
    ):
        check(with_gradients(call), torch.randn(40, device=device, requires_grad=True))


def test_saved_tensors_may_not_be_changed_in_place(device):
    """Autograd's version counters see our in-place and out= calls."""

    def spoiled(x):
        y = torch.sigmoid(x * 1)
        y.add_(1)
        y.sum().backward()

    check(spoiled, torch.randn(5, device=device, requires_grad=True))
    check(
        lambda x: torch.add(torch.ones(5, device=device), 1, out=torch.relu(x * 1)),
        torch.randn(5, device=device, requires_grad=True),
    )


def test_mixed_dtype_gradients_have_the_operands_dtypes(device):
    x = torch.randn(6, 7, device=device, dtype=torch.bfloat16, requires_grad=True)
    y = torch.randn(7, device=device, requires_grad=True)
    for name in ("add", "mul", "div"):
        check(with_gradients(getattr(torch, name)), x, y, served_by=frozenset({name}))
