"""torch.ops.gems.linear_gate beside a product and the gate of its halves: values, gradients, what runs, refusals."""

import pytest
import torch
import torch.nn.functional as F

import gems
from recorded import Recorded

ACTIVATIONS = {"silu": F.silu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh")}
linear_gate = torch.ops.gems.linear_gate
by_act = pytest.mark.parametrize("act", ACTIVATIONS)
by_bias = pytest.mark.parametrize("has_bias", (False, True), ids=("no_bias", "bias"))
by_order = pytest.mark.parametrize("gate_last", (False, True), ids=("gate_first", "gate_last"))


def composition(input, weight, bias, act, gate_last):
    first, second = F.linear(input, weight, bias).chunk(2, -1)
    return ACTIVATIONS[act](second) * first if gate_last else ACTIVATIONS[act](first) * second


def operands(device, dtype=torch.float64, has_bias=True, rows=(2, 3), outputs=5, features=4):
    shapes = ((*rows, features), (2 * outputs, features), (2 * outputs,) if has_bias else None)
    return [shape and torch.randn(shape, device=device, dtype=torch.float64).to(dtype).requires_grad_() for shape in shapes]


def call_of(operator, given, act, gate_last):
    """The call as a function of the tensors that are there, and these."""
    tensors = [each for each in given if each is not None]
    return (lambda input, weight, bias=None: operator(input, weight, bias, act, gate_last)), tensors


@by_act
@by_bias
@by_order
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64, torch.bfloat16), ids=str)
def test_values_and_gradients(act, has_bias, gate_last, dtype, device):
    given_operands = operands(device, dtype, has_bias)
    call, tensors = call_of(linear_gate, given_operands, act, gate_last)
    expect, _ = call_of(composition, given_operands, act, gate_last)
    wide = [each.detach().double().requires_grad_() for each in tensors]
    given, expected = call(*tensors), expect(*wide)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 4e-2}[dtype]
    assert given.dtype == dtype
    torch.testing.assert_close(given.double(), expected, rtol=tolerance, atol=tolerance)
    of_given, of_expected = (torch.autograd.grad(each.sum(), by) for each, by in ((given, tensors), (expected, wide)))
    for have, want in zip(of_given, of_expected, strict=True):
        torch.testing.assert_close(have.double(), want, rtol=tolerance, atol=6 * tolerance)


@by_act
@by_order
def test_derivatives_of_any_order(act, gate_last, device):
    call, tensors = call_of(linear_gate, operands(device), act, gate_last)
    assert torch.autograd.gradcheck(call, tensors, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(call, tensors)


def test_modes_see_a_product_and_one_pass(device):
    given = operands(device, rows=(6,))
    with Recorded() as recorded:
        linear_gate(*given)
    assert [name for name in recorded.names if name not in ("aten.t.default", "aten.detach.default")] == [
        "aten.addmm.default",
        "gems.silu_and_mul.packed",
    ]


@by_act
@by_bias
@pytest.mark.parametrize("dtype", (torch.float64, torch.bfloat16), ids=str)
def test_two_weights_give_what_one_of_both_gives(act, has_bias, dtype, device):
    input, weight, bias = operands(device, dtype, has_bias)
    halves = [each.chunk(2) if each is not None else (None, None) for each in (weight, bias)]
    given = linear_gate.pair(input, *halves[0], *halves[1], act)
    expected = linear_gate(input, weight, bias, act)
    tolerance = {torch.float64: 1e-12, torch.bfloat16: 4e-2}[dtype]
    torch.testing.assert_close(given, expected, rtol=tolerance, atol=tolerance)
    tensors = [each for each in (input, weight, bias) if each is not None]
    for have, want in zip(*(torch.autograd.grad(each.sum(), tensors) for each in (given, expected)), strict=True):
        torch.testing.assert_close(have, want, rtol=tolerance, atol=6 * tolerance)


@by_act
def test_opcheck(act, device):
    input, weight, bias = operands(device)
    torch.library.opcheck(linear_gate.pair, (input, *weight.detach().chunk(2), None, bias.detach()[:5], act))
    torch.library.opcheck(linear_gate.default, (*operands(device), act))
    torch.library.opcheck(linear_gate.default, (*operands(device)[:2], None, act, True))


@pytest.mark.parametrize("dynamic", (False, True), ids=("static", "dynamic"))
def test_compiled(dynamic, device):
    torch.compiler.reset()
    compiled = torch.compile(linear_gate, backend="aot_eager", fullgraph=True, dynamic=dynamic)
    for rows in ((2, 3), (2, 7)):
        tensors = operands(device, rows=rows)
        torch.testing.assert_close(compiled(*tensors), composition(*tensors, "silu", False))


def test_transforms(device):
    input, weight, bias = (each.detach() for each in operands(device))
    samples = torch.func.vmap(lambda x: linear_gate(x, weight, bias, "gelu", True))(input)
    torch.testing.assert_close(samples, composition(input, weight, bias, "gelu", True))


@pytest.mark.parametrize(
    ("change", "text"),
    (
        ({"act": "relu"}, r"operand 'act' is 'relu'; expected 'silu', 'gelu' or 'gelu_tanh'"),
        ({"weight": (9, 4), "bias": (9,)}, r"operand 'weight' has shape \[9, 4\]; expected \[2 N, K\], rows of N gates"),
        ({"weight": (4,)}, r"operand 'weight' has shape \[4\]; expected \[N, K\]"),
        ({"input": (3, 5)}, r"operand 'input' has shape \[3, 5\]; expected \[..., 4\] beside 'weight' of shape \[10, 4\]"),
        ({"bias": (5,)}, r"operand 'bias' has shape \[5\]; expected \[10\]"),
    ),
    ids=str,
)
def test_refuses(change, text, device):
    given = dict(zip(("input", "weight", "bias"), operands(device), strict=True)) | {"act": "gelu"}
    given |= {name: torch.ones(each, device=device) if isinstance(each, tuple) else each for name, each in change.items()}
    with pytest.raises(RuntimeError, match="op 'linear_gate': " + text):
        linear_gate(**given)


@pytest.mark.parametrize(
    ("change", "text"),
    (
        ({"act": "relu"}, r"operand 'act' is 'relu'"),
        ({"gate_weight": (4,)}, r"operand 'gate_weight' has shape \[4\]; expected \[N, K\]"),
        ({"value_weight": (5, 3)}, r"operand 'input' has shape \[2, 3, 4\]; expected \[..., 3\] beside 'value_weight'"),
        ({"value_weight": (6, 4)}, r"operand 'value_weight' has shape \[6, 4\]; expected as many rows as 'gate_weight' of shape"),
        ({"value_bias": (4,)}, r"operand 'value_bias' has shape \[4\]; expected \[5\], one value for each row of 'value_weight'"),
    ),
    ids=str,
)
def test_refuses_two_weights(change, text, device):
    input, weight, _ = operands(device)
    given = dict(input=input, gate_weight=weight[:5], value_weight=weight[5:], act="gelu")
    given |= {name: torch.ones(each, device=device) if isinstance(each, tuple) else each for name, each in change.items()}
    with pytest.raises(RuntimeError, match="op 'linear_gate': " + text):
        linear_gate.pair(**given)


def launches():
    return gems.report()["gems::dot_rows_gate"].served


@pytest.mark.cuda
@by_act
@by_bias
@by_order
@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16), ids=str)
def test_few_rows_are_one_launch(act, has_bias, gate_last, dtype, device):
    for rows, outputs in (((), 9), ((1, 1), 1000), ((3,), 96), ((2, 4), 33)):
        given_operands = operands(device, dtype, has_bias, rows, outputs, features=512)
        with torch.no_grad():
            given_operands[1] *= 512**-0.5
            given = linear_gate(*given_operands, act, gate_last)
            wide = [each if each is None else each.double() for each in given_operands]
            expected = composition(*wide, act, gate_last)
        assert given.shape == expected.shape and given.is_contiguous()
        # Rounded once: within half of the distance of two numbers, but for sums in f32.
        torch.testing.assert_close(given.double(), expected, rtol=0.51 * torch.finfo(dtype).eps, atol=1e-4)
    assert launches() == 4


@pytest.mark.cuda
@by_act
@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16), ids=str)
def test_two_weights_are_one_launch(act, dtype, device):
    with torch.no_grad():
        input, weight, bias = operands(device, dtype, True, (4,), 33, features=512)
        given = linear_gate.pair(input, *(each.clone() for each in (*weight.chunk(2), *bias.chunk(2))), act)
        assert launches() == 1 and torch.equal(given, linear_gate(input, weight, bias, act))


@pytest.mark.cuda
def test_what_is_not_finite_stays_where_it_is_in_one_launch(device):
    with torch.no_grad():
        input, weight, bias = operands(device, torch.bfloat16, rows=(3,), outputs=21, features=512)
        input[1, 7], weight[4, 9], weight[30, 2], bias[6] = float("nan"), float("inf"), float("-inf"), float("nan")
        given, expected = linear_gate(input, weight, bias), composition(input.double(), weight.double(), bias.double(), "silu", False)
    assert launches() == 1
    assert torch.equal(given.isnan(), expected.isnan()) and torch.equal(given.isinf(), expected.isinf())


@pytest.mark.cuda
def test_gradients_and_other_operands_take_two_launches(device):
    tensors = operands(device, torch.bfloat16, rows=(4,), outputs=32, features=512)
    given, expected = linear_gate(*tensors), composition(*tensors, "silu", False)
    for have, want in zip(*(torch.autograd.grad(each.sum(), tensors) for each in (given, expected)), strict=True):
        torch.testing.assert_close(have, want, rtol=5e-2, atol=5e-1)
    with torch.no_grad():
        linear_gate(*(each.float() for each in tensors))
        linear_gate(torch.cat([tensors[0]] * 3), *tensors[1:])
        linear_gate(torch.cat([tensors[0]] * 3), tensors[1][:4])  # few outputs
    assert launches() == 0
