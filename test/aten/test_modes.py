"""PyTorch's modes and kinds of tensors: inference_mode, autocast, vmap, functorch, lazy views, subclasses, sparse."""

import pytest
import torch

import gems
import values
from agreement import Rule
from cases import operators
from oracle import assert_served, check


def one_operand(operator):
    return operator.operands == ("value",)


def two_operands(operator):
    return operator.operands == ("value", "value") and operator.name != "copy_"


def operand(operator, shape, device, kind="value"):
    return values.random(shape, torch.int64 if operator.name.startswith("bitwise") else torch.float32, device, kind)


@pytest.mark.parametrize("operator", operators())
def test_inference_mode(operator, device):
    operands = [operand(operator, (5, 7), device, kind) for kind in operator.operands]
    dtype = operands[-1].dtype

    def run(*tensors):
        with torch.inference_mode():
            return operator.call(*tensors).is_inference(), operator.call(*tensors)

    if operator.name == "copy_":  # the lambda's own destination is made inside
        dtype = operands[0].dtype
    check(run, *operands, served_by=operator.kernels(dtype), rule=operator.rule(dtype))


@pytest.mark.parametrize("operator", operators(lambda operator: one_operand(operator) or two_operands(operator)))
@pytest.mark.parametrize("amp", (torch.bfloat16, torch.float16), ids=lambda dtype: str(dtype)[6:])
def test_autocast(operator, amp, device):
    operands = [operand(operator, (6, 6), device) for _ in operator.operands]

    def product(x):
        """x @ x in the narrow dtype; the reference in double precision starts from the same rounded product."""
        return (x.float() @ x.float()).to(x.dtype if x.dtype == torch.float64 else amp)

    def run(*tensors):
        with torch.autocast(tensors[0].device.type, dtype=amp):
            return operator.call(*(product(each) if each.is_floating_point() else each for each in tensors))

    # 1 + erf and 1 + tanh cancel in ATen's kernel and in the reference: gelu(-10) is small there, or 0.
    rule = Rule(terms=product) if operator.name.startswith("gelu") else None
    check(run, *operands, served_by=operator.kernels(operands[0].dtype), rule=rule)


@pytest.mark.parametrize("operator", operators(lambda operator: one_operand(operator) or two_operands(operator)))
def test_vmap(operator, device):
    operands = [operand(operator, (4, 3, 5), device) for _ in operator.operands]
    dtype = operands[0].dtype
    served_by = operator.kernels(dtype)
    check(torch.vmap(operator.call), *operands, served_by=served_by, rule=operator.rule(dtype))
    if len(operands) == 2:
        over_one = torch.vmap(operator.call, in_dims=(1, None), out_dims=1)
        check(over_one, operands[0], operands[1][0, 0], served_by=served_by, rule=operator.rule(dtype))


def test_functorch_transforms(device):
    def loss(x):
        return (torch.sigmoid(x) * torch.relu(x) + x**2).sum()

    x = torch.randn(6, device=device)
    transforms = (
        torch.func.grad(loss),
        torch.func.hessian(loss),
        torch.vmap(torch.func.grad(loss)),
        lambda x: torch.func.jvp(loss, (x,), (x,)),
        torch.func.functionalize(lambda x: torch.sigmoid(x).add_(1)),
    )
    for transform in transforms:
        transform(x)  # functorch gives some warnings only the first time
        check(transform, x, served_by=frozenset({"sigmoid"}))


@pytest.mark.parametrize("name", ("add", "mul", "neg", "abs", "eq", "where", "reciprocal", "copy_"))
def test_conjugate_and_negative_views(name, device):
    operator = {each.values[0].name: each.values[0] for each in operators()}[name]
    x = values.random((4, 5), torch.complex64, device)
    y = values.random((4, 5), torch.complex64, device)
    mask = [x.real > 0] if operator.operands[0] == "mask" else []
    second = lambda each: [each] if len(operator.operands) - len(mask) == 2 else []  # noqa: E731
    for a, b in ((x.conj(), y), (x, y.conj()), (x.conj(), y.conj()), (x.conj().t(), y.t()), (x.conj().imag, y.real)):
        masks = [each.t() if a.shape != each.shape else each for each in mask]
        check(operator.call, *masks, a, *second(b), served_by=(), rule=operator.rule(a.dtype))


def test_in_place_on_conjugate_and_negative_views(device):
    x, y = values.random((2, 4, 5), torch.complex64, device)
    for call in (
        lambda x, y: x.conj().add_(y),
        lambda x, y: x.conj().imag.mul_(y.real),
        lambda x, y: y.conj().copy_(x),
    ):
        check(call, x, y)


def test_copy_on_write_tensors_do_not_materialise(device):
    x = torch.randn(1000, device=device)
    lazy = torch._lazy_clone(x)
    with gems.use_gems():
        result = torch.sigmoid(lazy) + lazy
    assert torch._C._is_cow_tensor(lazy), "reading a copy-on-write tensor must not copy it"
    torch.testing.assert_close(result, torch.sigmoid(x) + x)
    with gems.use_gems():
        lazy.add_(1)
    assert not torch.equal(lazy, x), "writing to a copy-on-write tensor must copy it first"


class Tagged(torch.Tensor):
    """A subclass that keeps its type through every operator."""


@pytest.mark.parametrize("name", ("add", "relu", "eq", "mul"))
def test_kinds_of_tensors_that_are_not_served(name, device):
    call = getattr(torch, name)
    dense = torch.tensor([[0.0, 2.0, -1.0], [3.0, 0.0, 0.0]], device=device)
    kinds = {
        "sparse": dense.to_sparse(),
        "sparse_csr": dense.to_sparse_csr(),
        "nested": torch.nested.nested_tensor([dense[0], dense[1, :2]]),
        "subclass": dense.as_subclass(Tagged),
        "named": dense.refine_names("rows", "columns"),
        "meta": dense.to("meta"),
        "parameter": torch.nn.Parameter(dense),
    }
    for kind, x in kinds.items():
        operands = (x,) if name == "relu" else (x, x)
        expected = outcome(call, operands)
        with gems.use_gems():
            given = outcome(call, operands)
        assert given == expected, f"{name} of {kind}: ATen {expected}, gems {given}"


def outcome(call, operands):
    """Type, layout and values of a call's result, or its error, in a form that compares with ==."""
    try:
        result = call(*operands)
    except Exception as error:
        return type(error).__name__, str(error)
    described = (type(result).__name__, result.layout, result.dtype, result.is_nested)
    if result.device.type == "meta":
        return described, tuple(result.shape)
    parts = result.unbind() if result.is_nested else [result.to_dense() if result.layout != torch.strided else result]
    return described, result.names if not result.is_nested else None, [part.rename(None).tolist() for part in parts]


def test_fake_tensors(device):
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(), gems.use_gems():
        x = torch.empty(8, 3, device=device).t()
        result = torch.sigmoid(x) + torch.empty(8, device=device)
    assert (result.shape, result.stride()) == ((3, 8), (1, 3))


def test_deep_learning_step_in_one_piece(device):
    """A small network trained with an optimizer: every parameter moves as it does without the override."""

    def train(on):
        torch.manual_seed(0)
        layers = [
            torch.nn.Linear(6, 16),
            torch.nn.GELU(),
            torch.nn.Linear(16, 16),
            torch.nn.SiLU(),
            torch.nn.Linear(16, 1),
        ]
        network = torch.nn.Sequential(*layers).to(device)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2, foreach=False)
        x = torch.randn(32, 6, device=device)
        with gems.use_gems(include="*" if on else []):
            for _ in range(4):
                optimizer.zero_grad()
                (network(x) - x.sum(1, keepdim=True)).square().mean().backward()
                optimizer.step()
        return list(network.parameters())

    expected = train(False)
    gems.reset_report()
    given = train(True)
    torch.testing.assert_close(given, expected, rtol=1e-4, atol=1e-5)
    assert_served(gems.report(), "gelu", "silu")
