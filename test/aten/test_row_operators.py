"""The rowwise operators of torch.ops.gems: values, gradients, vmap, fake tensors, compilation, out=, and the words of what
is refused."""

import pytest
import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

import gems
from gems_operators import overload
from row_operators import COMPOSITIONS, DERIVED_LATER, NAMES, WITHOUT_GRADIENT, WITHOUT_SECOND_GRADIENT, arguments_of, results_of

DIMS = ((-1,), (1,), (0, 2), (0, 1, 2))
SHAPE = (3, 4, 5)

by_name = pytest.mark.parametrize("name", NAMES)
by_dims = pytest.mark.parametrize("dims", DIMS, ids=str)
differentiable = pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_GRADIENT])


def call_of(name, arguments, dims, keepdim=False):
    """The call as a function of its floating tensors, and these."""
    places = [place for place, each in enumerate(arguments) if torch.is_tensor(each) and each.is_floating_point()]

    def call(*tensors):
        given = list(arguments)
        for place, tensor in zip(places, tensors, strict=True):
            given[place] = tensor
        return overload(name)(*given, dim=list(dims), keepdim=keepdim)

    return call, [arguments[place] for place in places]


def moving_results(value):
    return tuple(each for each in results_of(value) if each.is_floating_point())


@pytest.mark.parametrize("name", COMPOSITIONS)
@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16, torch.float64), ids=str)
@pytest.mark.parametrize("dims", ((-1,), (1,), (1, 2)), ids=str)
def test_values_and_gradients_beside_the_composition(name, dtype, dims, device):
    if "norm" in name and dims == (1,):
        dims = (0, 1, 2)
    if len(dims) > 1 and name in ("softmax", "log_softmax", "masked_softmax", "prod", "argmax", "max_dim"):
        dims = (0,)
    arguments = arguments_of(name, (3, 7, 33), dims, dtype, device)
    call, tensors = call_of(name, arguments, dims)

    def expect(*tensors):
        given = iter(tensors)
        exact = [next(given) if torch.is_tensor(each) and each.is_floating_point() else each for each in arguments]
        return COMPOSITIONS[name](*exact, dims=dims)

    has_gradient = name not in WITHOUT_GRADIENT
    ours = [tensor.clone().requires_grad_(has_gradient) for tensor in tensors]
    theirs = [tensor.double().requires_grad_(has_gradient) for tensor in tensors]
    given, expected = results_of(call(*ours)), results_of(expect(*theirs))
    tolerance = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float64: 1e-12}[dtype]
    for have, want in zip(given, expected, strict=False):
        torch.testing.assert_close(have, want.to(have.dtype), rtol=tolerance, atol=tolerance)
    if not has_gradient:
        return
    moving = [index for index, want in enumerate(expected) if want.requires_grad]
    incoming = [torch.randn_like(given[index]) for index in moving]
    got = torch.autograd.grad([given[index] for index in moving], ours, incoming)
    wanted = torch.autograd.grad([expected[index] for index in moving], theirs, [each.double() for each in incoming])
    for have, want in zip(got, wanted, strict=True):
        scale = want.abs().max().item() + 1
        torch.testing.assert_close(have, want.to(have.dtype), rtol=tolerance, atol=4 * tolerance * scale)


@differentiable
@by_dims
def test_derivatives_are_those_of_finite_differences(name, dims, device):
    if len(dims) > 1 and "softmax_backward" in name:
        pytest.skip("its operands come from a softmax along one dimension")
    arguments = arguments_of(name, (2, 3, 2), dims, torch.float64, device)
    call, tensors = call_of(name, arguments, dims)
    tensors = [tensor.clone().requires_grad_() for tensor in tensors]

    def moving(*tensors):
        return moving_results(call(*tensors))

    assert torch.autograd.gradcheck(moving, tensors, check_forward_ad=True, check_batched_grad=True)
    if name not in WITHOUT_SECOND_GRADIENT:
        assert torch.autograd.gradgradcheck(moving, tensors)


@by_name
@by_dims
def test_decomposition_computes_the_same(name, dims, device):
    if len(dims) > 1 and "softmax_backward" in name:
        pytest.skip("its operands come from a softmax along one dimension")
    for keepdim in (False, True):
        arguments = arguments_of(name, SHAPE, dims, torch.float32, device)
        given = results_of(overload(name)(*arguments, dim=list(dims), keepdim=keepdim))
        expected = results_of(gems.decompositions()[overload(name)](*arguments, dim=list(dims), keepdim=keepdim))
        for have, want in zip(given, expected, strict=True):
            assert (have.shape, have.dtype) == (want.shape, want.dtype)
            torch.testing.assert_close(have, want, equal_nan=True)


@differentiable
def test_decomposition_of_the_gradient_computes_the_same(name, device):
    arguments = arguments_of(name, SHAPE, (-1,), torch.float32, device)
    if name == "cross_entropy_rows":
        arguments[3] = 0.0
    table = gems.decompositions()
    names = {each: each._schema.name for each in table}
    operators = [each for each, own in names.items() if own.startswith(f"gems::_{name}_vjp_") and own.count("_vjp_") == 1]
    assert operators or name in DERIVED_LATER
    for operator in operators:
        given = []
        for argument in operator._schema.arguments[:-2]:
            place = next((place for place, own in enumerate(overload(name)._schema.arguments) if own.name == argument.name), None)
            results = results_of(overload(name)(*arguments))
            if place is not None:
                given.append(arguments[place])
            elif argument.name.startswith("result"):
                given.append(results[int(argument.name.removeprefix("result") or 0)])
            else:
                given.append(torch.randn_like(results[int(argument.name.removeprefix("grad").rstrip("_") or 0)]))
        for have, want in zip(*(results_of(call(*given)) for call in (operator, table[operator])), strict=True):
            assert (have.shape, have.dtype) == (want.shape, want.dtype)
            torch.testing.assert_close(have, want, rtol=1e-4, atol=1e-5)


@by_name
@pytest.mark.parametrize("batched", ("all", "elements", "others"))
def test_vmap_is_a_loop(name, batched, device):
    arguments = arguments_of(name, SHAPE, (-1,), torch.float32, device)
    places = [place for place, each in enumerate(arguments) if torch.is_tensor(each)]
    in_dims = [None] * len(arguments)
    for place in places:
        is_first = place == places[0]
        if batched == "all" or (batched == "elements") == is_first:
            in_dims[place] = 0
    if all(dim is None for dim in in_dims):
        pytest.skip("it takes elements only")
    draws = [arguments_of(name, SHAPE, (-1,), torch.float32, device, seed) for seed in range(3)]
    stacked = [
        torch.stack([draw[place] for draw in draws]) if dim == 0 else each
        for place, (dim, each) in enumerate(zip(in_dims, arguments, strict=True))
    ]
    given = results_of(torch.vmap(overload(name), in_dims=tuple(in_dims))(*stacked))
    members = [
        results_of(overload(name)(*(draw[place] if dim == 0 else arguments[place] for place, dim in enumerate(in_dims))))
        for draw in draws
    ]
    for index, have in enumerate(given):
        torch.testing.assert_close(have, torch.stack([member[index] for member in members]), equal_nan=True)


def test_vmap_of_a_batch_dimension_anywhere_and_of_keepdim(device):
    x = torch.randn(4, 3, 5, device=device)
    given = torch.vmap(lambda each: torch.ops.gems.sum(each, dim=[0], keepdim=True), in_dims=1, out_dims=1)(x)
    torch.testing.assert_close(given, x.sum(0, keepdim=True))
    torch.testing.assert_close(torch.vmap(torch.ops.gems.sum)(x[:, 0, 0]), x[:, 0, 0])


def test_gradients_of_each_sample(device):
    """A sum over rows is not one over the batch."""
    weight, bias = torch.randn(5, device=device), torch.randn(5, device=device)
    x = torch.randn(6, 3, 5, device=device)

    def loss(norm):
        return lambda weight, bias, x: norm(x, weight, bias).square().sum()

    def ours(x, weight, bias):
        return torch.ops.gems.layer_norm(x, weight, bias, 1e-5)[0]

    def theirs(x, weight, bias):
        return F.layer_norm(x, (5,), weight, bias)

    given, expected = (
        torch.vmap(torch.func.grad(loss(norm), argnums=(0, 1)), in_dims=(None, None, 0))(weight, bias, x) for norm in (ours, theirs)
    )
    torch.testing.assert_close(given, expected, rtol=1e-4, atol=1e-4)


@by_name
def test_out(name, device):
    arguments = arguments_of(name, SHAPE, (-1,), torch.float32, device)
    expected = results_of(overload(name)(*arguments))
    given = [torch.empty_like(each).fill_(7) if each.dtype != torch.bool else torch.empty_like(each) for each in expected]
    names = {"out": given[0]} if len(given) == 1 else {f"out{index}": each for index, each in enumerate(given)}
    assert getattr(torch.ops.gems, name).out(*arguments, **names) is None
    for have, want in zip(given, expected, strict=True):
        torch.testing.assert_close(have, want, equal_nan=True)


@by_name
def test_fake_tensors_of_symbolic_sizes(name, device):
    arguments = arguments_of(name, SHAPE, (0, 2) if "softmax_backward" not in name else (2,), torch.float32, device)
    dims = [0, 2] if "softmax_backward" not in name else [2]
    for keepdim in (False, True):
        expected = results_of(overload(name)(*arguments, dim=dims, keepdim=keepdim))
        for shape_env in (None, ShapeEnv()):
            with FakeTensorMode(shape_env=shape_env) as mode:
                fake = [mode.from_tensor(each, static_shapes=shape_env is None) if torch.is_tensor(each) else each for each in arguments]
                given = results_of(overload(name)(*fake, dim=dims, keepdim=keepdim))
            for have, want in zip(given, expected, strict=True):
                assert have.dtype == want.dtype and have.device.type == want.device.type
                assert [int(size) for size in have.shape] == list(want.shape)
                assert [int(stride) for stride in have.stride()] == list(want.stride())


@by_name
def test_opcheck(name, device):
    arguments = arguments_of(name, SHAPE, (-1,), torch.float32, device)
    if name not in WITHOUT_GRADIENT:
        arguments = [
            each.requires_grad_() if torch.is_tensor(each) and each.is_floating_point() else each for each in arguments
        ]
    torch.library.opcheck(overload(name), tuple(arguments))


@pytest.mark.parametrize("dynamic", (False, True))
def test_compiled(dynamic, device):
    def model(x, residual, weight, target):
        norm, total = torch.ops.gems.skip_rms_norm(x, residual, weight, 1e-6)
        return torch.ops.gems.cross_entropy(norm * 2, target) + torch.ops.gems.softmax(total, 0).square().sum()

    compiled = torch.compile(model, fullgraph=True, dynamic=dynamic)
    for rows in (4, 9):
        x, residual = torch.randn(2, rows, 7, device=device)
        weight, target = torch.randn(7, device=device), torch.randint(0, 7, (rows,), device=device)
        results = []
        for function in (model, compiled):
            given = [each.clone().requires_grad_() for each in (x, residual, weight)]
            loss = function(*given, target)
            results.append([loss, *torch.autograd.grad(loss, given)])
        torch.testing.assert_close(*results)


WRONG = {
    "a dim that is not there": (lambda x, w: torch.ops.gems.softmax(x, 3), "op 'softmax': dim 3 is out of range: the elements have 2 dimensions; expected -2 to 1"),
    "a dim twice": (lambda x, w: torch.ops.gems.sum(x, dim=[0, -2]), "op 'sum': dim -2 is named twice; name each reduced dimension once"),
    "a weight of another length": (
        lambda x, w: torch.ops.gems.rms_norm(x, w[:3], 1e-6),
        "op 'rms_norm': operand 1 'weight' has shape [3], expected [5] for elements of shape [4, 5]: one value for each element of a row",
    ),
    "a target of another shape": (
        lambda x, w: torch.ops.gems.cross_entropy_rows(x, torch.zeros(5, dtype=torch.int64, device=x.device), None, 0.0, -100),
        "op 'cross_entropy_rows': operand 1 'target' has shape [5], expected [4] for elements of shape [4, 5]: one value for each row",
    ),
    "a residual of another shape": (lambda x, w: torch.ops.gems.skip_rms_norm(x, x[:, :3], w, 1e-6), "op 'skip_rms_norm': "),
    "a dtype": (lambda x, w: torch.ops.gems.softmax(x.int()), "op 'softmax' takes floats: operand 0 'x' is i32"),
    "targets of floats": (lambda x, w: torch.ops.gems.cross_entropy(x, x[:, 0]), "op 'cross_entropy': operand 'target' is Float; expected integers"),
    "a reduction": (
        lambda x, w: torch.ops.gems.cross_entropy(x, torch.zeros(4, dtype=torch.int64, device=x.device), None, "avg"),
        "op 'cross_entropy': operand 'reduction' is 'avg'; expected 'mean', 'sum' or 'none'",
    ),
    "a linear layer of other features": (
        lambda x, w: torch.ops.gems.linear_cross_entropy(x, w.expand(9, 5)[:, :3], torch.zeros(4, dtype=torch.int64, device=x.device)),
        "op 'linear_cross_entropy': operand 'weight' is of shape [9, 3]; expected [classes, 5]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("where", ("device", "meta"))
@pytest.mark.parametrize("what", WRONG)
def test_words_of_what_is_refused(what, where, device):
    call, words = WRONG[what]
    on = device if where == "device" else "meta"
    with pytest.raises((RuntimeError, ValueError, IndexError)) as raised:
        call(torch.randn(4, 5, device=on), torch.randn(5, device=on))
    if what != "a residual of another shape" or where == "device":
        assert words in str(raised.value)


@pytest.mark.parametrize("dtype", (torch.float64, torch.float32, torch.bfloat16), ids=str)
@pytest.mark.parametrize("shape", ((11,), (6, 11), (3, 11, 4)), ids=str)
@pytest.mark.parametrize("reduction", ("mean", "sum", "none"))
@pytest.mark.parametrize("smoothing", (0.0, 0.2))
@pytest.mark.parametrize("weighted", (False, True))
def test_cross_entropy_is_that_of_torch(dtype, shape, reduction, smoothing, weighted, device):
    x = torch.randn(shape, device=device).to(dtype).requires_grad_()
    target = torch.randint(0, 11, shape[:1] + shape[2:] if len(shape) > 1 else (), device=device)
    if target.numel() > 2:
        target.view(-1)[1] = -100
    weight = torch.rand(11, device=device).to(dtype) if weighted else None
    given = torch.ops.gems.cross_entropy(x, target, weight, reduction, -100, smoothing)
    expected = F.cross_entropy(x, target, weight, reduction=reduction, label_smoothing=smoothing)
    assert (given.shape, given.dtype) == (expected.shape, expected.dtype)
    incoming = torch.randn_like(given)
    tolerance = {"rtol": 3e-2, "atol": 3e-2} if dtype == torch.bfloat16 else {}
    torch.testing.assert_close(given, expected, **tolerance)
    torch.testing.assert_close(*(torch.autograd.grad(each, x, incoming)[0] for each in (given, expected)), **tolerance)


def test_cross_entropy_of_a_row_of_extremes(device):
    """Infinite logits, a target that is no class, and rows that are all ignored."""
    infinity = float("inf")
    x = torch.tensor([[-infinity, 1.0, 2.0], [0.0, 1000.0, -1000.0], [1.0, 2.0, 3.0]], device=device)
    target = torch.tensor([1, 2, 2], device=device)
    torch.testing.assert_close(torch.ops.gems.cross_entropy(x, target), F.cross_entropy(x, target))
    losses, weights, log_sums = torch.ops.gems.cross_entropy_rows(x, torch.tensor([1, 3, -1], device=device), None, 0.0, -100)
    torch.testing.assert_close(log_sums, x.logsumexp(1))
    assert losses.isnan().tolist() == [False, True, True] and weights.isnan().tolist() == [False, True, True]
    ignored = torch.full((3,), -100, device=device)
    assert torch.ops.gems.cross_entropy(x, ignored).isnan() and torch.ops.gems.cross_entropy(x, ignored, None, "sum") == 0


@pytest.mark.parametrize("reduction", ("mean", "sum"))
@pytest.mark.parametrize("has_bias", (False, True))
@pytest.mark.parametrize("chunk_rows", (0, 1, 4, 100))
@pytest.mark.parametrize("added", (None, 3))
def test_linear_cross_entropy_is_a_product_and_a_loss(reduction, has_bias, chunk_rows, added, device, monkeypatch):
    """added: classes without weights, where rows of logits are aligned so; None: as many as the device has."""
    if added is not None:
        monkeypatch.setattr(gems._losses, "_added_classes", lambda weight: added)
    x, weight, bias = (torch.randn(size, dtype=torch.float64, device=device, requires_grad=True) for size in ((2, 9, 8), (13, 8), (13,)))
    target = torch.randint(0, 13, (2, 9), device=device)
    target[0, 3] = -100
    given_bias = bias if has_bias else None
    given = torch.ops.gems.linear_cross_entropy(x, weight, target, given_bias, reduction, label_smoothing=0.1, chunk_rows=chunk_rows)
    logits = F.linear(x, weight, given_bias).flatten(0, 1)
    expected = F.cross_entropy(logits, target.flatten(), reduction=reduction, label_smoothing=0.1)
    torch.testing.assert_close(given, expected)
    moved = [x, weight, bias] if has_bias else [x, weight]
    for have, want in zip(*(torch.autograd.grad(3 * each, moved) for each in (given, expected)), strict=True):
        torch.testing.assert_close(have, want)


def test_linear_cross_entropy_keeps_few_logits(device, monkeypatch):
    """Logits are made of the rows of a chunk, never of all."""
    made, mm = [], torch.mm

    def recording(a, b, out):
        if out.shape[1] == 48:
            made.append(tuple(out.shape))
        return mm(a, b, out=out)

    monkeypatch.setattr(torch, "mm", recording)
    x, weight = torch.randn(60, 8, device=device, requires_grad=True), torch.randn(48, 8, device=device, requires_grad=True)
    target = torch.randint(0, 48, (60,), device=device)
    torch.ops.gems.linear_cross_entropy(x, weight, target, chunk_rows=16).backward()
    assert made == [(16, 48), (16, 48), (16, 48), (12, 48)]


def test_report_counts_rowwise_operators(device):
    gems.reset_report()
    torch.ops.gems.softmax(torch.randn(3, 4, device=device))
    assert gems.report()["gems::softmax"].served == 1
