"""Pointwise operators of torch.ops.gems: numbers, out=, gradients that would be lost, symbolic shapes, and the words of what is refused."""

import re

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

import gems
import values
from gems_operators import NAMES as CATALOGUE

WITHOUT_GRADIENT = {"adam_step", "rotate_interleaved"}
OPERATORS = [*CATALOGUE, "rotary_embedding"]
TRUTH = {"eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "logical_and", "logical_or", "logical_xor", "logical_not"}
INTEGRAL = {"bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"}
BY_DTYPE = {"rotate_interleaved": torch.uint32} | dict.fromkeys(INTEGRAL, torch.int32)

by_name = pytest.mark.parametrize("name", OPERATORS)
by_catalogue_name = pytest.mark.parametrize("name", CATALOGUE)


def overload(name, kind="default"):
    return getattr(getattr(torch.ops.gems, name), kind)


def arguments_of(name, device, shape=(4, 6), dtype=None, number=0.5, requires_grad=False):
    """One value for each argument of the functional overload that has no default."""
    dtype = dtype or BY_DTYPE.get(name, torch.float32)
    if name == "rotary_embedding":
        angles = torch.rand(shape[0], shape[1] // 2, device=device)
        return [torch.rand(2, shape[0], 3, shape[1], device=device, requires_grad=requires_grad), angles, angles]
    arguments = []
    for argument in overload(name)._schema.arguments:
        if str(argument.type) == "Tensor":
            mask = argument.name in ("mask", "condition")
            given = torch.bool if mask else dtype if argument.name not in ("cos", "sin") else torch.float32
            wants = requires_grad and given.is_floating_point
            drawn = values.random(shape, torch.float32, device).abs().add(1) if given.is_floating_point else None
            made = drawn.to(given) if drawn is not None else values.random(shape, torch.int32, device).abs().to(given)
            arguments.append(made.requires_grad_(wants))
        elif not argument.has_default_value():
            arguments.append(number)
    return arguments


def results_of(value):
    return list(value) if isinstance(value, (tuple, list)) else [value]


def out_arguments(name, results):
    return {"out": results[0]} if len(results) == 1 else {f"out{index}": each for index, each in enumerate(results)}


def numbers_in(name):
    return [each.name for each in overload(name)._schema.arguments if str(each.type) in ("number", "Scalar")]


# Numbers


@pytest.mark.parametrize("name", [name for name in CATALOGUE if numbers_in(name) and name != "adam_step"])
@pytest.mark.parametrize("number, dtype", ((2.5, torch.int32), (float("nan"), torch.int32), (1j, torch.float32)), ids=str)
def test_number_of_a_higher_category_is_refused(name, number, dtype, device):
    """As torch.add: "For integral input tensors, argument alpha must not be a floating point number"."""
    arguments = arguments_of(name, device, dtype=dtype, number=number)
    with pytest.raises(RuntimeError, match=rf"op '{name}': operand \d '{numbers_in(name)[0]}' is a (float|complex) number"):
        overload(name)(*arguments)
    integer = [1 if each is number else each for each in arguments]
    assert results_of(overload(name)(*integer))[0].dtype == dtype


@pytest.mark.parametrize("number, dtype", ((300, torch.int8), (2**40, torch.int32), (1e39, torch.float32)), ids=str)
def test_number_that_does_not_fit_is_refused(number, dtype, device):
    x = torch.ones(3, device=device).to(dtype)
    with pytest.raises(RuntimeError, match=r"op 'residual_scale_add': operand 2 'scale' is .*does not fit"):
        torch.ops.gems.residual_scale_add(x, x, number)


def test_numbers_that_fit(device):
    i, f, c = (torch.tensor([1, 2], device=device).to(dtype) for dtype in (torch.int32, torch.bfloat16, torch.complex64))
    assert torch.ops.gems.residual_scale_add(i, i, 2).tolist() == [3, 6]
    assert torch.ops.gems.residual_scale_add(f, f, 2.5).tolist() == [3.5, 7]
    assert torch.ops.gems.residual_scale_add(f, f, float("inf")).tolist() == [float("inf")] * 2
    assert torch.ops.gems.residual_scale_add(c, c, 1j).tolist() == [1 + 1j, 2 + 2j]


# out=


@by_catalogue_name
def test_out_refuses_what_loses_a_gradient(name, device):
    plain = arguments_of(name, device)
    results = [torch.empty_like(each) for each in results_of(overload(name)(*plain))]
    overload(name, "out")(*plain, **out_arguments(name, results))  # nothing requires a gradient
    if not results[0].is_floating_point():
        return
    text = rf"gems::{name}.out: functions with out=... arguments don't support automatic differentiation"
    of_leaf = [torch.zeros_like(each).requires_grad_() * 2 for each in results]
    with pytest.raises(RuntimeError, match=text):
        overload(name, "out")(*plain, **out_arguments(name, of_leaf))
    leaves = [torch.zeros_like(each).requires_grad_() for each in results]
    with pytest.raises(RuntimeError, match=text):
        overload(name, "out")(*plain, **out_arguments(name, leaves))
    with torch.no_grad():
        overload(name, "out")(*plain, **out_arguments(name, leaves))
    with pytest.raises(RuntimeError, match=text):
        overload(name, "out")(*arguments_of(name, device, requires_grad=True), **out_arguments(name, results))


@by_catalogue_name
def test_out_of_an_inference_tensor(name, device):
    plain = arguments_of(name, device)
    with torch.inference_mode():
        results = [torch.zeros_like(each) for each in results_of(overload(name)(*plain))]
        overload(name, "out")(*plain, **out_arguments(name, results))
    before = [each.clone() for each in results]
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
        overload(name, "out")(*plain, **out_arguments(name, results))
    assert all(torch.equal(a, b) for a, b in zip(before, results, strict=True))


@by_catalogue_name
def test_out_casts_as_aten(name, device):
    """Of a lower category: refused, and nothing is written. Of the same: converted."""
    plain = arguments_of(name, device)
    results = results_of(overload(name)(*plain))
    lower = torch.int32 if results[0].is_floating_point() else torch.bool
    if results[0].dtype == torch.bool:
        return
    narrow = [torch.ones_like(each, dtype=lower) for each in results]
    with pytest.raises(RuntimeError, match=rf"op '{name}': result type \w+ can't be cast to \w+, the dtype of 'out"):
        overload(name, "out")(*plain, **out_arguments(name, narrow))
    assert all(bool((each == 1).all()) for each in narrow)
    if results[0].is_floating_point():
        halves = [torch.empty_like(each, dtype=torch.float16) for each in results]
        overload(name, "out")(*plain, **out_arguments(name, halves))
        torch.testing.assert_close(halves, [each.half() for each in results])


def test_out_of_a_complex_result(device):
    x = torch.ones(3, device=device, dtype=torch.complex64)
    with pytest.raises(RuntimeError, match="result type ComplexFloat can't be cast to Float"):
        torch.ops.gems.exp.out(x, out=torch.empty(3, device=device))


# Gradients


@by_name
def test_no_gradient_is_lost_in_silence(name, device):
    arguments = arguments_of(name, device, requires_grad=True)
    if not any(isinstance(each, torch.Tensor) and each.requires_grad for each in arguments):
        return
    if name in TRUTH:
        assert not overload(name)(*arguments).requires_grad
    elif name not in WITHOUT_GRADIENT:
        results_of(overload(name)(*arguments))[0].sum().backward()
        assert all(each.grad is not None for each in arguments if isinstance(each, torch.Tensor) and each.requires_grad)
    else:
        with pytest.raises(RuntimeError, match=rf"gems::{name} has no gradient.*detached"):
            overload(name)(*arguments)
        with torch.no_grad():
            overload(name)(*arguments)
        overload(name)(*(each.detach() if isinstance(each, torch.Tensor) else each for each in arguments))


@by_name
def test_no_tangent_is_lost_in_silence(name, device):
    """torch.func.jvp, dual numbers and torch.func.linearize: right where there is a gradient, else an error."""
    arguments = arguments_of(name, device)
    if name in TRUTH or not arguments[0].is_floating_point():
        return
    direction = torch.ones_like(arguments[0])

    def call(x):
        return results_of(overload(name)(x, *arguments[1:]))[0]

    def dual():
        with torch.autograd.forward_ad.dual_level():
            result = call(torch.autograd.forward_ad.make_dual(arguments[0], direction))
            tangent = torch.autograd.forward_ad.unpack_dual(result).tangent
            return torch.zeros_like(result) if tangent is None else tangent  # none stands for zero

    ways = {
        "jvp": lambda: torch.func.jvp(call, (arguments[0],), (direction,))[1],
        "dual": dual,
        "linearize": lambda: torch.func.linearize(call, arguments[0])[1](direction),
    }
    if name in WITHOUT_GRADIENT:
        for way in ways.values():
            with pytest.raises(RuntimeError, match=f"gems::{name} has no gradient"):
                way()
        return
    x = arguments[0].double()
    step = 1e-6
    wide = [each.double() if isinstance(each, torch.Tensor) else each for each in arguments[1:]]
    numeric = [results_of(overload(name)(x + sign * step, *wide))[0] for sign in (1, -1)]
    expected = ((numeric[0] - numeric[1]) / (2 * step)).float()
    for way in ways.values():
        torch.testing.assert_close(way(), expected, rtol=1e-4, atol=1e-4)


# Symbolic shapes


@by_name
def test_compiled_for_a_second_shape(name, device):
    torch.compiler.reset()
    compiled = torch.compile(overload(name), backend="aot_eager", fullgraph=True)
    for shape in ((4, 6), (9, 6), (5, 8)):
        arguments = arguments_of(name, device, shape=shape)
        expected, given = (results_of(each(*arguments)) for each in (overload(name), compiled))
        for want, have in zip(expected, given, strict=True):
            assert torch.equal(want, have) and want.stride() == have.stride()


LAYOUTS = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.transpose(0, 2).contiguous().transpose(0, 2),
    "middle first": lambda x: x.transpose(0, 1).contiguous().transpose(0, 1),
    "sliced": lambda x: torch.cat([x, x], -1)[..., : x.shape[-1]],
    "expanded": lambda x: x[:1].expand_as(x),
    "row": lambda x: x[0, 0],
    "column": lambda x: x[:, :, :1],
    "size one": lambda x: x[:, :1],
}


@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("second", LAYOUTS)
@pytest.mark.parametrize("name", ("maximum", "silu_and_mul_grad"))
def test_symbolic_strides_are_those_of_tensor_iterator(name, first, second, device):
    """Fake tensors whose sizes are symbols get the strides that the kernel's results have."""
    x = torch.rand(4, 6, 5, device=device)
    arguments = [LAYOUTS[first](x), LAYOUTS[second](x), *([LAYOUTS["transposed"](x)] if "grad" in name else [])]
    with FakeTensorMode(shape_env=ShapeEnv()) as mode:
        fakes = [mode.from_tensor(each) for each in arguments]
        assert any(isinstance(size, torch.SymInt) for fake in fakes for size in fake.shape)
        given = results_of(overload(name)(*fakes))
    for want, have in zip(results_of(overload(name)(*arguments)), given, strict=True):
        assert (want.shape, want.stride(), want.dtype) == (
            tuple(map(int, have.shape)), tuple(map(int, have.stride())), have.dtype
        )  # fmt: skip


# Words


def tensor_places(name):
    return [each.name for each in overload(name)._schema.arguments if str(each.type) == "Tensor"]


def message_of(call, *arguments, **keywords):
    with pytest.raises(RuntimeError) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


@by_name
def test_words_of_a_wrong_dtype(name, device):
    """Of every dtype of the catalogue: computed, or refused with the op, the operand, its dtype and what it takes."""
    for dtype in (torch.bool, torch.int32, torch.float32, torch.complex64):
        arguments = arguments_of(name, device, number=1)
        arguments = [each.to(dtype) if isinstance(each, torch.Tensor) and each.dtype != torch.bool else each for each in arguments]
        try:
            overload(name)(*arguments)
        except RuntimeError as error:
            assert re.search(rf"({name}'?) takes .*: (operand \d '\w+'|\w+) is \w+", str(error)), str(error)
            assert "promotion_methods" not in str(error)


@by_name
def test_words_of_shapes_that_do_not_broadcast(name, device):
    places = tensor_places(name)
    if len(places) == 1:
        return
    arguments = arguments_of(name, device)
    if name == "rotary_embedding":
        text = message_of(overload(name), torch.rand(6, 8, device=device), *[torch.rand(6, 4, device=device)] * 2)
        assert "gems::rotary_embedding" in text and "[6, 4]" in text and "[6, 8]" in text
        text = message_of(overload(name), arguments[0], arguments[1], arguments[2][:2])
        assert "cos and sin have the same shape" in text
        return
    arguments[1] = torch.cat([arguments[1], arguments[1][:1]])
    text = message_of(overload(name), *arguments)
    assert re.search(rf"op '{name}'.*operand 0 '{places[0]}' has shape \[4, 6\].*'{places[1]}' has shape \[5, 6\]", text), text


@by_name
def test_words_of_other_devices_and_kinds(name, device):
    arguments = arguments_of(name, device)
    places = tensor_places(name)
    if len(places) > 1:
        elsewhere = [arguments[0], arguments[1].to("meta"), *arguments[2:]]
        text = message_of(overload(name), *elsewhere)
        assert re.search(rf"(op '|gems::){name}", text) and "meta" in text, text
    if arguments[0].dtype == torch.float32 and name != "rotary_embedding":
        text = message_of(overload(name), arguments[0].to_sparse(), *arguments[1:])
        assert f"gems::{name}" in text and "Sparse" in text, text


@pytest.mark.parametrize("name", ("gelu", "gelu_backward", "gelu_and_mul", "gelu_and_mul_grad", "bias_gelu"))
def test_words_of_a_wrong_flag(name, device):
    arguments = arguments_of(name, device)
    text = message_of(overload(name), *arguments, approximate="sometimes")
    assert re.search(rf"op '{name}': operand \d 'approximate' is \"sometimes\", expected \"none\" or \"tanh\"", text), text


@by_catalogue_name
def test_words_of_a_wrong_result(name, device):
    arguments = arguments_of(name, device)
    results = [torch.empty_like(each) for each in results_of(overload(name)(*arguments))]
    given = out_arguments(name, [torch.cat([each, each]) for each in results])
    text = message_of(overload(name, "out"), *arguments, **given)
    assert f"op '{name}': result '{next(iter(given))}' has shape [8, 6], the operands broadcast to [4, 6]" in text, text
    shared = torch.empty(5, 6, device=device, dtype=arguments[0].dtype)
    if results[0].dtype == shared.dtype:
        arguments[0] = shared[1:].copy_(arguments[0])
        text = message_of(overload(name, "out"), *arguments, **out_arguments(name, [shared[:4], *results[1:]]))
        assert f"op '{name}'" in text and "shares memory" in text, text
