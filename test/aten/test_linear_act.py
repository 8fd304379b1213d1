"""torch.ops.gems.linear_act beside a product and its activation: values, gradients, what runs, transforms, refusals."""

import contextlib
import pathlib

import pytest
import torch
import torch.nn.functional as F

import gems
from processes import python
from recorded import Recorded

ACTIVATIONS = {
    "none": lambda x: x,
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}
linear_act = torch.ops.gems.linear_act
by_act = pytest.mark.parametrize("act", ACTIVATIONS)
by_bias = pytest.mark.parametrize("has_bias", (False, True), ids=("no_bias", "bias"))
by_residual = pytest.mark.parametrize("has_residual", (False, True), ids=("no_residual", "residual"))


def composition(input, weight, bias, act, residual):
    result = ACTIVATIONS[act](F.linear(input, weight, bias))
    return result if residual is None else result + residual


def operands(device, dtype=torch.float64, has_bias=True, has_residual=True, rows=(2, 3), requires_grad=True):
    """input, weight, bias, residual."""
    shapes = ((*rows, 4), (5, 4), (5,) if has_bias else None, (*rows, 5) if has_residual else None)
    return [shape and torch.randn(shape, device=device, dtype=torch.float64).to(dtype).requires_grad_(requires_grad) for shape in shapes]


def call_of(operator, act, given):
    """The call as a function of the tensors that are there, and these."""

    def call(*tensors):
        left = iter(tensors)
        input, weight, bias, residual = (None if each is None else next(left) for each in given)
        return operator(input, weight, bias, act, residual)

    return call, [each for each in given if each is not None]


@by_act
@by_bias
@by_residual
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64, torch.bfloat16), ids=str)
def test_values_and_gradients(act, has_bias, has_residual, dtype, device):
    call, tensors = call_of(linear_act, act, operands(device, dtype, has_bias, has_residual))
    expect, _ = call_of(composition, act, operands(device, dtype, has_bias, has_residual))
    wide = [each.detach().double().requires_grad_() for each in tensors]
    given, expected = call(*tensors), expect(*wide)
    pattern = torch.arange(given.numel(), device=device).remainder(5).sub(2).reshape(given.shape)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 4e-2}[dtype]
    assert given.dtype == dtype
    torch.testing.assert_close(given.double(), expected, rtol=tolerance, atol=tolerance)
    of_given = torch.autograd.grad(given, tensors, pattern.to(dtype))
    for have, want in zip(of_given, torch.autograd.grad(expected, wide, pattern.double()), strict=True):
        assert have.dtype == dtype
        torch.testing.assert_close(have.double(), want, rtol=tolerance, atol=6 * tolerance)  # sums of up to six rows


@by_act
@by_bias
@by_residual
def test_derivatives_of_any_order(act, has_bias, has_residual, device):
    call, tensors = call_of(linear_act, act, operands(device, has_bias=has_bias, has_residual=has_residual))
    assert torch.autograd.gradcheck(call, tensors, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(call, tensors)


@pytest.mark.parametrize("wanted", range(4), ids=("input", "weight", "bias", "residual"))
def test_gradient_of_one_operand_only(wanted, device):
    given = operands(device, requires_grad=False)
    given[wanted].requires_grad_()
    call, tensors = call_of(linear_act, "silu", given)
    expect, _ = call_of(composition, "silu", given)
    have, want = (torch.autograd.grad(each(*tensors).square().sum(), given[wanted])[0] for each in (call, expect))
    torch.testing.assert_close(have, want)


def test_a_product_and_one_pass_each_way(device):
    input, weight, bias, residual = operands(device, rows=(6,))
    with Recorded() as forward:
        result = linear_act(input, weight, bias, "gelu", residual)
    computing = [name for name in forward.names if name not in ("aten.t.default", "aten.detach.default")]
    assert computing == ["aten.mm.default", "gems.bias_act.default"]
    grad = torch.randn_like(result)
    with Recorded() as backward:
        of_residual = torch.autograd.grad(result, (input, weight, bias, residual), grad)[-1]
    computing = sorted(name for name in backward.names if name not in ("aten.t.default", "aten.detach.default"))
    assert computing == ["aten.mm.default", "aten.mm.default", "gems._bias_act_vjp_x_bias.default"]
    assert of_residual.data_ptr() == grad.data_ptr()


def test_nothing_is_kept_without_an_activation(device):
    input, weight, bias, residual = operands(device, rows=(6,))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.shape), lambda each: each):
        linear_act(input, weight, bias, "none", residual)
    assert all(shape in ((6, 4), (5, 4), (4, 5)) for shape in kept), kept


def test_transforms(device):
    loss, reference = (
        lambda *each, f=f: f(each[0], each[1], each[2], "gelu", each[3]).square().sum() for f in (linear_act, composition)
    )
    given = operands(device, requires_grad=False)
    everything = (0, 1, 2, 3)
    torch.testing.assert_close(torch.func.grad(loss, everything)(*given), torch.func.grad(reference, everything)(*given))
    for dims in ((0, None, None, 0), (0, None, None, None)):
        each = [given[0], given[1], given[2], given[3] if dims[3] == 0 else given[3][0]]
        of_samples, expected = (torch.func.vmap(torch.func.grad(f, everything), in_dims=dims)(*each) for f in (loss, reference))
        torch.testing.assert_close(of_samples, expected)
    weights = torch.stack([given[1], given[1].sin()])
    heads, expected = (torch.func.vmap(lambda w, f=f: f(given[0], w, given[2], "silu", None))(weights) for f in (linear_act, composition))
    torch.testing.assert_close(heads, expected)


@by_act
def test_opcheck(act, device):
    torch.library.opcheck(linear_act.default, (*operands(device)[:3], act))
    input, weight, bias, residual = operands(device)
    torch.library.opcheck(linear_act.default, (input, weight, bias, act, residual))


@pytest.mark.parametrize("dynamic", (False, True), ids=("static", "dynamic"))
def test_compiled(dynamic, device):
    torch.compiler.reset()
    call, _ = call_of(linear_act, "silu", operands(device))
    compiled = torch.compile(call, backend="aot_eager", fullgraph=True, dynamic=dynamic)
    for rows in ((2, 3), (2, 7)):
        tensors = operands(device, rows=rows)
        given, expected = compiled(*tensors), call(*tensors)
        torch.testing.assert_close(given, expected)
        of_given, of_expected = (torch.autograd.grad(each.square().sum(), tensors) for each in (given, expected))
        torch.testing.assert_close(of_given, of_expected)


@pytest.mark.parametrize("act", ("none", "gelu"))
def test_autocast_casts_what_a_linear_layer_casts(act, device):
    input, weight, bias, residual = operands(device, torch.float32)
    with torch.autocast(device, dtype=torch.bfloat16):
        result = linear_act(input, weight, bias, act)
        assert result.dtype == composition(input, weight, bias, act, None).dtype == torch.bfloat16
        assert linear_act(input, weight, bias, act, residual).dtype == torch.float32
    result.sum().backward()
    assert [each.grad.dtype for each in (input, weight, bias)] == [torch.float32] * 3


def test_meta():
    input, weight, bias, residual = operands("meta", torch.bfloat16)
    result = linear_act(input, weight, bias, "relu", residual)
    assert (result.shape, result.dtype, result.device.type) == ((2, 3, 5), torch.bfloat16, "meta")


@pytest.mark.parametrize("rows", ((), (0,), (1,), (2, 0, 3)), ids=str)
def test_sizes(rows, device):
    given = operands(device, rows=rows)
    torch.testing.assert_close(linear_act(*given[:3], "silu", given[3]), composition(*given[:3], "silu", given[3]))


@pytest.mark.parametrize(
    ("change", "text"),
    (
        ({"act": "swish"}, r"operand 'act' is 'swish'; expected 'none', 'relu', 'gelu', 'gelu_tanh' or 'silu'"),
        ({"weight": (4, 5)}, r"operand 'input' has shape \[2, 3, 4\]; expected \[..., 5\] beside 'weight' of shape \[4, 5\]"),
        ({"weight": (4,)}, r"operand 'weight' has shape \[4\]; expected \[N, K\]"),
        ({"bias": (1, 5)}, r"operand 'bias' has shape \[1, 5\]; expected \[5\]"),
        ({"residual": (3, 5)}, r"operand 'residual' has shape \[3, 5\]; expected that of the result, \[2, 3, 5\]: expand it"),
    ),
    ids=str,
)
def test_refuses(change, text, device):
    given = dict(zip(("input", "weight", "bias", "residual"), operands(device), strict=True)) | {"act": "gelu"}
    given |= {name: torch.ones(each, device=device) if isinstance(each, tuple) else each for name, each in change.items()}
    with pytest.raises(RuntimeError, match="op 'linear_act': " + text):
        linear_act(**given)


def decoding(device, dtype=torch.bfloat16, rows=(4, 1), outputs=96, features=512):
    """input, weight, bias, residual of a layer of few rows, or of few outputs."""
    shapes = ((*rows, features), (outputs, features), (outputs,), (*rows, outputs))
    scales = (1, features**-0.5, 1, 1)
    return [(torch.randn(shape, device=device) * scale).to(dtype) for shape, scale in zip(shapes, scales, strict=True)]


def launches():
    return gems.report()["gems::dot_rows_act"].served


def rounded_once(given, expected):
    """expected: in f64. Within half of the distance of two numbers, but for sums in f32."""
    assert given.shape == expected.shape and given.is_contiguous()
    half = torch.finfo(given.dtype).eps / 2
    torch.testing.assert_close(given.double(), expected, rtol=1.02 * half, atol=3e-5, equal_nan=True)


@pytest.mark.cuda
@by_act
@by_bias
@by_residual
@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16), ids=str)
@pytest.mark.parametrize("override", (False, True), ids=("off", "on"))
def test_few_rows_are_one_launch(act, has_bias, has_residual, dtype, override, device):
    for rows, outputs in (((), 9), ((1, 1), 1000), ((3,), 96), ((2, 4), 33), ((40,), 5)):
        input, weight, bias, residual = decoding(device, dtype, rows, outputs)
        bias, residual = bias if has_bias else None, residual if has_residual else None
        wide = [each if each is None else each.double() for each in (input, weight, bias, residual)]
        before = launches()
        with gems.use_gems() if override else contextlib.nullcontext():
            given = linear_act(input, weight, bias, act, residual)
        assert launches() == before + 1
        rounded_once(given, composition(*wide[:3], act, wide[3]))
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        linear_act(input, weight, bias, act, residual)
        torch.cuda.synchronize()
    kernels = [each.name for each in profile.events() if each.device_type == torch.autograd.DeviceType.CUDA]
    assert kernels == [f"gems_dot_rows_act_{'bf16' if dtype == torch.bfloat16 else 'f16'}_products"]


@pytest.mark.cuda
def test_what_is_not_finite_stays_where_it_is_in_one_launch(device):
    input, weight, bias, residual = decoding(device, rows=(3,))
    input[1, 7], weight[4, 9], bias[6], residual[2, 8] = float("nan"), float("inf"), float("-inf"), float("nan")
    for act in ACTIVATIONS:
        given = linear_act(input, weight, bias, act, residual)
        rounded_once(given, composition(input.double(), weight.double(), bias.double(), act, residual.double()))
    assert launches() == len(ACTIVATIONS)


@pytest.mark.cuda
def test_a_product_beyond_the_dtype_is_not_rounded_in_one_launch(device):
    input, weight = (torch.full((rows, 512), value, device=device).half() for rows, value in ((1, 8), (9, 16)))
    added = torch.full((9,), -65504.0, device=device).half()
    assert (linear_act(input, weight, added, "relu") == 2**16 - 65504).all()
    assert (linear_act(input, weight, None, "none", added[None]) == 2**16 - 65504).all()
    assert launches() == 2


@pytest.mark.cuda
def test_what_autograd_modes_and_autocast_see_is_a_product_and_a_pass(device):
    input, weight, bias, residual = decoding(device)
    with Recorded() as recorded:
        linear_act(input, weight, bias, "gelu", residual)
    assert "aten.mm.default" in recorded.names and "gems.bias_act.default" in recorded.names
    tangent = torch.func.jvp(lambda x: linear_act(x, weight, bias, "gelu"), (input,), (input,))[1]
    slopes = torch.func.grad(lambda x: linear_act(x, weight, bias, "gelu").sum())(input)
    assert tangent.any() and slopes.any()
    with torch.autocast("cuda", dtype=torch.float16):
        assert linear_act(input, weight, bias, "gelu").dtype == torch.float16
    assert launches() == 0
    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert linear_act(input, weight, bias, "gelu").dtype == torch.bfloat16
    with torch.inference_mode():
        assert linear_act(input, weight, bias, "gelu").is_inference()
    parameter = weight.clone().requires_grad_()
    with torch.no_grad():
        assert not linear_act(input, parameter, bias, "gelu").requires_grad
    assert launches() == 3
    given, expected = linear_act(input, parameter, bias, "gelu", residual), composition(input, parameter, bias, "gelu", residual)
    assert launches() == 3
    of_given, of_expected = (torch.autograd.grad(each.sum(), parameter)[0] for each in (given, expected))
    torch.testing.assert_close(of_given, of_expected, rtol=5e-2, atol=5e-2)


@pytest.mark.cuda
def test_operands_that_do_not_suit_one_launch_take_two(device):
    input, weight, bias, residual = decoding(device)
    for operands_of_call in (
        (torch.cat([input] * 3), weight, bias, None),
        (input[..., 1:], weight[:, 1:], bias, residual),
        (input, weight.t().contiguous().t(), bias, residual),
        (input.float(), weight.float(), bias.float(), residual.float()),
        (input, weight, bias, residual.float()),
    ):
        given = linear_act(*operands_of_call[:3], "silu", operands_of_call[3])
        wide = [each if each is None else each.double() for each in operands_of_call]
        torch.testing.assert_close(given.double(), composition(*wide[:3], "silu", wide[3]), rtol=2e-2, atol=2e-2)
    assert launches() == 0


@pytest.mark.cuda
def test_one_launch_in_a_graph(device):
    input, weight, bias, residual = decoding(device)
    linear_act(input, weight, bias, "silu", residual)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        given = linear_act(input, weight, bias, "silu", residual)
    assert launches() == 2
    input.copy_(torch.randn_like(input))
    graph.replay()
    assert torch.equal(given, linear_act(input, weight, bias, "silu", residual))


# Operators in the place of an activation.

SAMPLE = pathlib.Path(__file__).parents[2] / "build" / "test" / "modules" / "sample_ops.so"
built = pytest.mark.skipif(not SAMPLE.exists(), reason="a bundle has no modules of the build")


@pytest.fixture
def sample():
    return gems.load(SAMPLE)


def layer_of_mish(input, weight, bias, residual):
    result = F.mish(F.linear(input, weight, bias))
    return result if residual is None else result + residual


@built
@by_bias
@by_residual
@pytest.mark.parametrize("name", ("sample_ops::mish", "mish"))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64, torch.bfloat16), ids=str)
def test_an_operator_of_a_module(sample, name, has_bias, has_residual, dtype, device):
    call, tensors = call_of(linear_act, name, operands(device, dtype, has_bias, has_residual))
    expect, _ = call_of(lambda *each: layer_of_mish(*each[:3], each[4]), name, operands(device, dtype, has_bias, has_residual))
    wide = [each.detach().double().requires_grad_() for each in tensors]
    given, expected = call(*tensors), expect(*wide)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 4e-2}[dtype]
    assert given.dtype == dtype
    torch.testing.assert_close(given.double(), expected, rtol=tolerance, atol=tolerance)
    of_given, of_expected = (torch.autograd.grad(each.sum(), by) for each, by in ((given, tensors), (expected, wide)))
    for have, want in zip(of_given, of_expected, strict=True):
        torch.testing.assert_close(have.double(), want, rtol=tolerance, atol=6 * tolerance)


@built
def test_an_operator_has_its_own_gradient(sample, device):
    call, tensors = call_of(linear_act, "sample_ops::mish", operands(device))
    assert torch.autograd.gradcheck(call, tensors, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(call, tensors)
    gems.reset_report()
    torch.autograd.grad(call(*tensors).sum(), tensors)
    report = gems.report()
    assert report["sample_ops::mish"].served == 1 and report["sample_ops::mish.out"].calls == 0
    assert report["sample_ops::_mish_vjp_x"].served == 1


@built
def test_an_operator_takes_the_memory_of_the_product(sample, device):
    input, weight, bias, _ = operands(device, torch.float32, requires_grad=False)
    gems.reset_report()
    given = linear_act(input, weight, bias, "mish")
    report = gems.report()
    assert report["sample_ops::mish.out"].served == 1 and report["sample_ops::mish"].calls == 0
    torch.testing.assert_close(given, F.mish(F.linear(input, weight, bias)))
    with torch.inference_mode():
        assert torch.equal(linear_act(input, weight, bias, "mish"), given)
    with torch.no_grad():
        assert torch.equal(linear_act(input, weight.clone().requires_grad_(), bias, "mish"), given)
    assert gems.report()["sample_ops::mish.out"].served == 3


@built
def test_an_operator_of_another_dtype_has_memory_of_its_own(sample, device):
    input, weight, bias, _ = operands(device, torch.float32, requires_grad=False)
    assert torch.equal(linear_act(input, weight, bias, "gems::isnan"), torch.zeros(2, 3, 5, dtype=torch.bool, device=device))
    assert gems.report()["gems::isnan"].served == 1


@built
def test_an_operator_under_transforms_and_modes(sample, device):
    given = operands(device, requires_grad=False)
    loss, reference = (lambda *each, f=f: f(*each).square().sum() for f in (
        lambda *each: linear_act(*each[:3], "mish", each[3]), layer_of_mish))
    everything = (0, 1, 2, 3)
    torch.testing.assert_close(torch.func.grad(loss, everything)(*given), torch.func.grad(reference, everything)(*given))
    samples, expected = (torch.func.vmap(f, in_dims=(0, None, None, 0))(*given) for f in (loss, reference))
    torch.testing.assert_close(samples, expected)
    with Recorded() as recorded:
        linear_act(*given[:3], "mish")
    assert "sample_ops.mish.default" in recorded.names
    with torch.autocast(device, dtype=torch.bfloat16):
        assert linear_act(*(each.float() for each in given[:3]), "mish").dtype == torch.bfloat16
    assert linear_act(*operands("meta")[:3], "mish").shape == (2, 3, 5)
    torch.library.opcheck(linear_act.default, (*operands(device)[:3], "sample_ops::mish"))
    torch.compiler.reset()
    compiled = torch.compile(lambda *each: linear_act(*each[:3], "mish", each[3]), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(*given), layer_of_mish(*given))


@built
@pytest.mark.parametrize(
    ("act", "text"),
    (
        ("sample_ops::mosh", r"is 'sample_ops::mosh'; expected 'none', 'relu', 'gelu', 'gelu_tanh' or 'silu', or an operator of one "
                             r"tensor by its name, as 'my_ops::swish' of a module that is loaded; near it: 'sample_ops::mish'"),
        ("mishh", r"is 'mishh'; expected .*; near it: 'sample_ops::mish'"),
        ("gelu_tan", r"is 'gelu_tan'; expected .*; near it: 'gelu_tanh'"),
        ("qqqqqqqq", r"is 'qqqqqqqq'; expected .* of a module that is loaded$"),
        ("swish_glu", r"is 'swish_glu', the operator sample_ops::swish_glu\(Tensor x, Tensor gate, Scalar beta, str mode=.exact.\) -> "
                      r"Tensor; expected one that takes one tensor and nothing else, and gives one: call this one with the product"),
        ("sample_ops::sum_and_difference", r"is .*, the operator sample_ops::sum_and_difference\(Tensor x, Tensor y\) -> \(Tensor, Tensor\);"),
        ("gems::softmax", r"is .*, the operator gems::softmax\(Tensor x, .*; expected one that takes one tensor"),
    ),
    ids=str,
)  # fmt: skip
def test_refuses_what_is_no_operator_of_one_tensor(sample, act, text, device):
    with pytest.raises(RuntimeError, match="op 'linear_act': operand 'act' " + text):
        linear_act(*operands(device)[:3], act)


@pytest.mark.skipif(not SAMPLE.exists(), reason="needs libgems_dsl.a")
def test_refuses_a_name_that_two_modules_have(sample, device):
    text = '''
#include "gems/dsl.h"
using namespace gems::dsl;
constexpr gems::OpDef other = pointwise({.name = "mish", .promotion_methods = {promote({0}, Default)}}, [](Tensor x) { return x * x; });
GEMS_OPERATORS(second_mish, other)'''
    code = f"""
import torch, gems
gems.load({str(SAMPLE)!r})
gems.load_inline("second_mish", {text!r})
x, w = torch.ones(1, 4), torch.ones(2, 4)
print(torch.ops.gems.linear_act(x, w, act="second_mish::mish").tolist())
try:
    torch.ops.gems.linear_act(x, w, act="mish")
except RuntimeError as error:
    print(str(error).splitlines()[0])
"""
    said = python(code).stdout.splitlines()
    assert said[0] == "[[16.0, 16.0]]"
    assert said[1].startswith("op 'linear_act': operand 'act' is 'mish', which is sample_ops::mish and second_mish::mish: name one of them")


def test_works_under_the_override(device):
    given = operands(device, torch.float32)
    off = linear_act(*given[:3], "gelu", given[3])
    with gems.use_gems():
        torch.testing.assert_close(linear_act(*given[:3], "gelu", given[3]), off)
