"""What every operator of torch.ops.gems has without anyone writing it: gradients, tangents, batching, compilation."""

import re

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import gems
import gems_operators as operators
from gems_operators import results_of, sample
from recorded import Recorded

F64 = torch.float64
FLOATING = [name for name in operators.NAMES if not operators.is_integral(name)]
REFUSED = {name: text for name in FLOATING if (text := operators.refusal(name))}
DIFFERENTIABLE = [name for name in FLOATING if name not in REFUSED and not operators.is_truth(name)]
# The rules by which an operator has no gradient.
RULES = r"it would (take|read and write) \d+ (operands|tensors), and an? (op|call) (takes|has) at most 12|\w+ has no derivative"

by_name = pytest.mark.parametrize("name", DIFFERENTIABLE)


def calls(name, dtype, **more):
    """A sample of the operator for each combination of its flags."""
    for flags in operators.flags_of(name):
        torch.manual_seed(0)
        yield sample(name, dtype, flags=flags, **more)


def takes(name, dtype):
    try:
        call, tensors = sample(name, dtype)
        call(*(tensor.detach() for tensor in tensors))
    except RuntimeError:
        return False
    return True


# Gradients


@by_name
def test_gradients(name, device):
    """Forward and reverse mode, and both under vmap."""
    for call, tensors in calls(name, F64, device=device):
        assert gradcheck(call, tensors, check_forward_ad=True, check_batched_grad=True, check_batched_forward_grad=True)


@by_name
def test_second_gradients(name, device):
    for call, tensors in calls(name, F64, device=device):
        # An operator that is constant or linear everywhere has gradients that require none.
        results = [each for each in results_of(call(*tensors)) if each.requires_grad]
        first = torch.autograd.grad(results, [t for t in tensors if t.requires_grad], [torch.ones_like(r).requires_grad_() for r in results], create_graph=True)
        if any(each.requires_grad for each in first):
            assert gradgradcheck(call, tensors, check_fwd_over_rev=True, check_rev_over_rev=True)


@by_name
def test_gradients_of_broadcast_operands(name, device):
    call, tensors = sample(name, F64, device=device)
    if len(tensors) < 2:
        return
    for index in range(len(tensors)):
        smaller = [t[:1].detach().requires_grad_(t.requires_grad) if i == index else t for i, t in enumerate(tensors)]
        assert gradcheck(call, smaller)
        no_dims = [t[0, 0].detach().requires_grad_(t.requires_grad) if i == index else t for i, t in enumerate(tensors)]
        assert gradcheck(call, no_dims)


@by_name
def test_gradient_of_each_operand_alone(name, device):
    call, tensors = sample(name, F64, device=device)
    differentiable = [i for i, tensor in enumerate(tensors) if tensor.requires_grad]
    pattern = [torch.rand_like(each) for each in results_of(call(*tensors))]
    together = torch.autograd.grad(results_of(call(*tensors)), [tensors[i] for i in differentiable], pattern)
    for i, expected in zip(differentiable, together, strict=True):
        alone = [tensor.detach().requires_grad_(at == i) for at, tensor in enumerate(tensors)]
        given = torch.autograd.grad(results_of(call(*alone)), alone[i], pattern)[0]
        torch.testing.assert_close(given, expected)


@by_name
@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16, torch.float32), ids=str)
def test_gradients_of_narrow_dtypes_are_rounded_once(name, dtype, device):
    """In the dtype of the operand, within its rounding (and that of the incoming and saved values) of the gradient in f64."""
    call, tensors = sample(name, dtype, device=device)
    if not takes(name, dtype):
        return
    wide = [t.detach().double().requires_grad_() if t.is_floating_point() else t for t in tensors]
    wanted = [i for i, tensor in enumerate(tensors) if tensor.requires_grad]
    given = torch.autograd.grad(sum(each.sum() for each in results_of(call(*tensors))), [tensors[i] for i in wanted])
    exact = torch.autograd.grad(sum(each.sum() for each in results_of(call(*wide))), [wide[i] for i in wanted])
    for have, want in zip(given, exact, strict=True):
        assert have.dtype == dtype
        eps = torch.finfo(dtype).eps
        torch.testing.assert_close(have.double(), want, rtol=4 * eps, atol=8 * eps)


@by_name
def test_complex_gradients(name, device):
    if not takes(name, torch.complex128):
        return
    for call, tensors in calls(name, torch.complex128, device=device):
        if any(each.requires_grad for each in results_of(call(*tensors))):
            assert gradcheck(call, tensors)


@pytest.mark.parametrize("name", ("mul", "div", "add", "pow"))
def test_mixed_dtypes_have_gradients_of_their_own(name, device):
    aten = getattr(torch, name)
    ours = getattr(torch.ops.gems, name)
    more = (1,) if name == "add" else ()
    for left, right in ((torch.bfloat16, torch.float32), (torch.float32, torch.complex64), (torch.float64, torch.float32)):
        pairs = []
        for call in (lambda x, y: ours(x, y, *more), aten):
            torch.manual_seed(0)
            x = (torch.rand(3, 4, device=device) + 0.5).to(left).requires_grad_()
            y = (torch.rand(4, device=device) + 0.5).to(right).requires_grad_()
            result = call(x, y)
            pairs.append((result.detach(), *torch.autograd.grad(result.abs().sum(), (x, y))))
        for given, expected in zip(*pairs, strict=True):
            assert given.dtype == expected.dtype
            torch.testing.assert_close(given, expected, rtol=2e-2 if left == torch.bfloat16 else 1e-5, atol=1e-3)


# name: (a call of ours, the same of PyTorch's, the operands at which a convention decides)
AT_EDGES = {
    "relu": (torch.ops.gems.relu, torch.relu, ((-1.0, 0.0, 2.0, float("nan")),)),
    "abs": (torch.ops.gems.abs, torch.abs, ((-1.0, 0.0, -0.0, 2.0),)),
    "sqrt": (torch.ops.gems.sqrt, torch.sqrt, ((0.0, 4.0, float("inf")),)),
    "rsqrt": (torch.ops.gems.rsqrt, torch.rsqrt, ((0.0, 4.0, float("inf")),)),
    "log": (torch.ops.gems.log, torch.log, ((0.0, 1.0, -1.0),)),
    "maximum": (torch.ops.gems.maximum, torch.maximum, ((1.0, 2.0, 2.0, float("nan")), (2.0, 2.0, 1.0, 1.0))),
    "minimum": (torch.ops.gems.minimum, torch.minimum, ((1.0, 2.0, 2.0, float("nan")), (2.0, 2.0, 1.0, 1.0))),
    "clamp": (torch.ops.gems.clamp, torch.clamp, ((-2.0, -1.0, 0.0, 1.0, 2.0), (-1.0,) * 5, (1.0,) * 5)),
    "clamp_min": (torch.ops.gems.clamp_min, torch.clamp_min, ((-2.0, -1.0, 0.0), (-1.0,) * 3)),
    "clamp_max": (torch.ops.gems.clamp_max, torch.clamp_max, ((2.0, 1.0, 0.0), (1.0,) * 3)),
    "pow": (torch.ops.gems.pow, torch.pow, ((0.0, 0.0, 0.0, 2.0, -2.0), (0.0, 1.0, 2.0, 0.0, 3.0))),
    "where": (
        lambda x, y: torch.ops.gems.where(x > 0, x, y),
        lambda x, y: torch.where(x > 0, x, y),
        ((1.0, -1.0, float("inf")), (float("nan"), 2.0, 3.0)),
    ),
    "div_floor": (torch.ops.gems.div_floor, lambda x, y: torch.div(x, y, rounding_mode="floor"), ((5.0, 1.0), (3.0, 2.0))),
    "silu": (torch.ops.gems.silu, torch.nn.functional.silu, ((-200.0, 0.0, 200.0),)),
    "sigmoid": (torch.ops.gems.sigmoid, torch.sigmoid, ((-200.0, 0.0, 200.0),)),
    "tanh": (torch.ops.gems.tanh, torch.tanh, ((-200.0, 0.0, 200.0),)),
}


@pytest.mark.parametrize("name", AT_EDGES)
def test_gradients_at_edges_are_those_of_pytorch(name, device):
    ours, theirs, operands = AT_EDGES[name]
    found = []
    for call in (ours, theirs):
        tensors = [torch.tensor(values, device=device, requires_grad=True) for values in operands]
        found.append(torch.autograd.grad(call(*tensors).sum(), tensors))
    torch.testing.assert_close(found[0], found[1], rtol=1e-6, atol=1e-6, equal_nan=True)


def test_saved_tensors_may_not_be_changed_in_place(device):
    x = torch.rand(4, device=device, requires_grad=True)
    result = torch.ops.gems.exp(x)
    result.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.sum().backward()


def saved_by(result):
    sizes = []

    def pack(tensor):
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result()
    return sizes


def test_only_what_a_gradient_needs_is_kept(device):
    x, y = (torch.rand(5, device=device, requires_grad=True) for _ in range(2))
    assert saved_by(lambda: torch.ops.gems.add(x, y, 1)) == []
    assert saved_by(lambda: torch.ops.gems.exp(x)) == [5]
    assert saved_by(lambda: torch.ops.gems.mul(x, y.detach())) == [5]
    assert saved_by(lambda: torch.ops.gems.mul(x, y)) == [5, 5]


def test_memory_goes_with_the_graph(device):
    """backward() frees what was saved; a second one says so."""
    x = torch.rand(4, device=device, requires_grad=True)
    result = torch.ops.gems.exp(x).sum()
    result.backward()
    with pytest.raises(RuntimeError, match="second time"):
        result.backward()


# What has no gradient


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_has_no_gradient_says_why(name, device):
    said = rf"gems::{name} has no gradient, but one of the arguments requires one: call it with detached tensors .*({RULES})"
    assert re.search(said, REFUSED[name]), REFUSED[name]
    call, tensors = sample(name, torch.float32, device=device)
    call(*(tensor.detach() for tensor in tensors))
    with torch.no_grad():
        call(*tensors)


def test_few_have_no_gradient():
    assert len(REFUSED) <= 1 < len(DIFFERENTIABLE)


@pytest.mark.parametrize("name", [name for name in FLOATING if operators.is_truth(name)])
def test_truth_values_require_no_gradient(name, device):
    call, tensors = sample(name, torch.float32, device=device)
    assert not any(each.requires_grad for each in results_of(call(*tensors)))


# torch.func


@by_name
def test_vmap(name, device):
    """Beside a loop: all operands batched, along other dimensions, and each alone."""
    call, tensors = sample(name, torch.float32, shape=(3, 3, 3), device=device)
    tensors = [tensor.detach() for tensor in tensors]
    count = len(tensors)
    cases = [(0,) * count, (1,) * count, *(tuple(0 if i == j else None for j in range(count)) for i in range(count))]
    for dims in cases:
        given = results_of(torch.func.vmap(call, in_dims=dims)(*tensors))
        loop = [
            results_of(call(*(t if dim is None else t.select(dim, i) for t, dim in zip(tensors, dims, strict=True)))) for i in range(3)
        ]
        for r, have in enumerate(given):
            assert torch.equal(have, torch.stack([each[r] for each in loop]))


@by_name
def test_vmap_of_operands_without_dimensions(name, device):
    """Their priority in promotion stays that of 0-dim tensors."""
    call, tensors = sample(name, torch.float32, shape=(3, 3), device=device)
    if len(tensors) < 2:
        return
    # What half holds: a batched f32 without dimensions beside half is rounded to half, as in PyTorch's own rules.
    tensors = [t.detach().half().float() if t.is_floating_point() else t for t in tensors]
    for i, narrow in enumerate(tensors):
        if not narrow.is_floating_point():
            continue
        halves = [t.half() if t.is_floating_point() and j != i else t for j, t in enumerate(tensors)]
        batch = [narrow[0] if j == i else t for j, t in enumerate(halves)]
        dims = tuple(0 if j == i else None for j in range(len(tensors)))
        given = results_of(torch.func.vmap(call, in_dims=dims)(*batch))
        loop = [results_of(call(*(narrow[0][k] if j == i else t for j, t in enumerate(halves)))) for k in range(3)]
        for r, have in enumerate(given):
            expected = torch.stack([each[r] for each in loop])
            assert have.dtype == expected.dtype
            torch.testing.assert_close(have, expected)


@by_name
def test_transforms_agree(name, device):
    """jvp, linearize, jacfwd and jacrev of one function."""
    call, tensors = sample(name, F64, device=device)
    tensors = [tensor.detach() for tensor in tensors]
    index = next(i for i, tensor in enumerate(tensors) if tensor.is_floating_point())
    x, direction = tensors[index], torch.rand_like(tensors[index])

    def of_one(value):
        return results_of(call(*(value if i == index else tensor for i, tensor in enumerate(tensors))))[0]

    by_jvp = torch.func.jvp(of_one, (x,), (direction,))[1]
    torch.testing.assert_close(torch.func.linearize(of_one, x)[1](direction), by_jvp)
    forward, reverse = torch.func.jacfwd(of_one)(x), torch.func.jacrev(of_one)(x)
    torch.testing.assert_close(forward, reverse)
    torch.testing.assert_close((reverse * direction).sum((-2, -1)), by_jvp)


@pytest.mark.parametrize("name", ("silu", "silu_and_mul", "exp", "mul", "pow"))
def test_hessian(name, device):
    call, tensors = sample(name, F64, shape=(3,), device=device)
    x, *rest = (tensor.detach() for tensor in tensors)
    torch.testing.assert_close(
        torch.func.hessian(lambda value: call(value, *rest).sum())(x),
        torch.autograd.functional.hessian(lambda value: call(value, *rest).sum(), x),
    )


def test_vmap_of_a_gradient_inside_of_a_gradient(device):
    x = torch.rand(3, 4, dtype=F64, device=device)
    given = torch.func.grad(lambda v: torch.func.vmap(torch.func.grad(lambda row: torch.ops.gems.tanh(row).sum()))(v).sum())(x)
    torch.testing.assert_close(given, -2 * x.tanh() * (1 - x.tanh() ** 2))


# Compilation, meta tensors, autocast


@by_name
def test_opcheck(name, device):
    for call, tensors in calls(name, torch.float32, device=device):
        del call
        arguments = [each for each in operators.arguments_of(name) if not each.has_default_value()]
        drawn = iter(tensors)
        values = [next(drawn) if operators.kind(each) == "Tensor" else 0.5 for each in arguments]
        torch.library.opcheck(operators.overload(name), values)
        break


@by_name
def test_meta(name):
    call, tensors = sample(name, torch.bfloat16, shape=(4, 6))
    if not takes(name, torch.bfloat16):
        return
    expected = results_of(call(*tensors))
    given = results_of(call(*(tensor.detach().to("meta") for tensor in tensors)))
    for want, have in zip(expected, given, strict=True):
        assert (have.shape, have.dtype, have.stride(), have.is_meta) == (want.shape, want.dtype, want.stride(), True)


@by_name
def test_compiled_with_dynamic_shapes(name, device):
    torch.compiler.reset()
    call, _ = sample(name, torch.float32, device=device)
    compiled = torch.compile(call, backend="aot_eager", fullgraph=True, dynamic=True)

    def gradients(results, tensors):
        wanted = [tensor for tensor in tensors if tensor.requires_grad]
        return torch.autograd.grad(sum(each.sum() for each in results if each.requires_grad), wanted, allow_unused=True)

    for shape in ((4, 6), (9, 3)):
        _, tensors = sample(name, torch.float32, shape=shape, device=device)
        expected, given = results_of(call(*tensors)), results_of(compiled(*tensors))
        torch.testing.assert_close(given, expected)
        torch.testing.assert_close(gradients(given, tensors), gradients(expected, tensors))


def test_autocast_leaves_operands_as_they_are(device):
    """They promote to the widest, as those of torch.mul do; the kernels compute narrow floats in f32 anyway."""
    x = torch.rand(4, device=device, dtype=torch.bfloat16)
    y = torch.rand(4, device=device)
    with torch.autocast(device, dtype=torch.bfloat16):
        assert torch.ops.gems.mul(x, y).dtype == torch.float32
        assert torch.ops.gems.exp(x).dtype == torch.bfloat16
        assert torch.ops.gems.silu_and_mul(y, y).dtype == torch.float32


@by_name
def test_tags(name):
    tags = operators.overload(name).tags
    assert torch.Tag.pointwise in tags and torch.Tag.pt2_compliant_tag in tags


def test_derived_operators_of_first_order_are_there_when_the_library_is_loaded():
    """A graph that another process compiled may call them."""
    for name in ("_silu_and_mul_vjp_x", "_exp_vjp_x", "_pow_vjp_x_y"):
        assert hasattr(torch.ops.gems, name)


def test_written_gradients_are_used(device):
    """Those of ops/lib/gradients.cpp."""
    x, y = (torch.rand(4, device=device, requires_grad=True) for _ in range(2))
    with Recorded() as recorded:
        torch.ops.gems.silu_and_mul(x, y).sum().backward()
        torch.ops.gems.silu_and_mul(x, y.detach()).sum().backward()
        torch.ops.gems.bias_gelu(x, y).sum().backward()
    assert "gems.silu_and_mul_grad.default" in recorded.names
    assert "gems._silu_and_mul_vjp_x.default" in recorded.names
    assert "gems._bias_gelu_vjp_x_bias.default" in recorded.names


def test_no_gradient_costs_no_graph(device):
    with torch.no_grad():
        assert torch.ops.gems.exp(torch.rand(3, device=device, requires_grad=True)).grad_fn is None
    assert torch.ops.gems.exp(torch.rand(3, device=device)).grad_fn is None
    assert gems.report() is not None
