"""torch.compile: the graphs that aot_eager runs call our kernels and find the strides that they were traced with."""

import pytest
import torch

import gems
import values
from cases import operators
from oracle import assert_served, check


@pytest.fixture(autouse=True)
def fresh_compiler():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.parametrize("operator", operators(lambda operator: operator.name != "copy_"))
def test_aot_eager(operator, device):
    dtype = torch.int64 if operator.name.startswith("bitwise") else torch.float32
    compiled = torch.compile(operator.call, backend="aot_eager", fullgraph=True)
    for shape in ((4, 6), (9, 2, 5)):
        operands = [values.random(shape, dtype, device, kind).transpose(0, 1) for kind in operator.operands]
        check(compiled, *operands, served_by=operator.kernels(dtype), rule=operator.rule(dtype))


def chain(x, weight, bias):
    """Several operators with broadcasting, mixed dtypes, and an in-place step."""
    y = torch.sigmoid(x * weight + bias)
    y = torch.where(y > 0.5, y, y.half().float())
    y += 1
    return torch.nn.functional.gelu(y, approximate="tanh").div(3).clamp(min=-1).masked_fill(x == 0, 7.0)


def chain_operands(rows, device):
    x = torch.randn(rows, 8, device=device, requires_grad=True)
    return x, torch.randn(8, device=device, requires_grad=True), torch.randn(rows, 1, device=device)


@pytest.mark.parametrize("backend", ("eager", "aot_eager", pytest.param("inductor", marks=pytest.mark.slow)))
def test_chain_with_gradients_and_dynamic_shapes(backend, device):
    compiled = torch.compile(chain, backend=backend, dynamic=True)
    for rows in (5, 12, 3):
        operands = chain_operands(rows, device)
        expected = torch.autograd.grad(chain(*operands).sum(), operands[:2])
        with gems.use_gems():
            result = compiled(*operands)
            given = torch.autograd.grad(result.sum(), operands[:2])
        torch.testing.assert_close(result, chain(*operands))
        torch.testing.assert_close(given, expected)
    if backend != "inductor":  # inductor's own kernels take the place of ATen's, and so of ours
        assert_served(gems.report(), "mul.Tensor", "add.Tensor", "sigmoid", "gelu")


def test_scope_inside_a_compiled_function(device):
    """Entering the scope inside may break the graph; it must not change the result."""

    def scoped(x):
        with gems.use_gems():
            return torch.exp(x) + 1

    x = torch.randn(40, device=device)
    torch.testing.assert_close(torch.compile(scoped, backend="aot_eager")(x), torch.exp(x) + 1)
