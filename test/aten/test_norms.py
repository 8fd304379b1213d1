"""layer_norm, rms_norm and group_norm with their gradients: parameters, mixed dtypes, layouts, empty and special values."""

import itertools

import pytest
import torch
import torch.nn.functional as F

import gems
import layouts
import norm_bounds
import opdb
import values
from oracle import fail_with
from reductions import FLOAT_DTYPES
from row_check import check_row, needs_served, row_differences, same_bits

ATEN = torch.ops.aten
EPS = 1e-5
NARROW = (torch.float32, torch.bfloat16)
PARAMETERS = tuple(itertools.product((True, False), repeat=2))  # whether there are weight and bias

by_dtype = pytest.mark.parametrize("dtype", FLOAT_DTYPES, ids=str)
by_narrow = pytest.mark.parametrize("dtype", NARROW, ids=str)
by_parameters = pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda has: f"weight={has[0]},bias={has[1]}")


def parameters_of(has, shape, dtype, device):
    return tuple(values.random(shape, dtype, device) if each else None for each in has)


def is_of_parts(x, weight):
    """rms_norm's composite for other layouts and for two dtypes calls no fused operator."""
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    is_last = x.dim() in formats and x.is_contiguous(memory_format=formats[x.dim()]) and not x.is_contiguous()
    return is_last or (weight is not None and weight.dtype != x.dtype)


def left_to_aten(x, *parameters, some=False):
    """Statistics of no elements, parameters of another dtype than the elements, dimensions that do not collapse; and some of
    the gradients.
    """
    mixed = any(each is not None and each.dtype != x.dtype for each in parameters)
    return ("rank", *(["arguments"] if some or x.numel() == 0 else []), *(["dtype"] if mixed else []))


def _without_infinite_means(result, mean, rstd):
    """A row with an infinity has no result. ATen's mean of it is infinite or NaN, by where in the row it is."""
    return result, torch.where(mean.isinf(), torch.nan, mean) if mean.isinf().any() else mean, rstd


def layer_norm_differences(x, shape, weight, bias, eps=EPS):
    return row_differences(
        lambda x, w, b: _without_infinite_means(*ATEN.native_layer_norm(x, shape, w, b, eps)), x, weight, bias, overloads=("native_layer_norm",), may_decline=left_to_aten(x, weight, bias),
        terms=lambda x, w, b: norm_bounds.layer_norm(x, shape, w, b, eps),
    )  # fmt: skip


def rms_norm_differences(x, shape, weight, eps=EPS):
    used = torch.finfo(torch.float64 if x.dtype == torch.float64 else torch.float32).eps if eps is None else eps
    return row_differences(
        lambda x, w: F.rms_norm(x, shape, w, eps if x.dtype != torch.float64 else used), x, weight,
        overloads=() if is_of_parts(x, weight) else ("_fused_rms_norm",), may_decline=left_to_aten(x),
        terms=lambda x, w: norm_bounds.rms_norm(x, shape, w, used)[:1],
    )  # fmt: skip


@by_dtype
@by_parameters
@pytest.mark.parametrize("layout", [each for each in layouts.ALONE if each not in ("zero_dim",)])
def test_layer_norm_of_layouts(dtype, parameters, layout, device):
    x = layouts.ALONE[layout](lambda shape, index: values.random(shape, dtype, device), 1)[0]
    found = []
    for count in {1, min(2, x.dim()), x.dim()}:
        shape = list(x.shape[x.dim() - count :])
        found += layer_norm_differences(x, shape, *parameters_of(parameters, shape, dtype, device))
    fail_with(found)


@by_dtype
@pytest.mark.parametrize("has_weight", (True, False), ids=("weight", "no weight"))
@pytest.mark.parametrize("layout", [each for each in layouts.ALONE if each not in ("zero_dim",)])
def test_rms_norm_of_layouts(dtype, has_weight, layout, device):
    x = layouts.ALONE[layout](lambda shape, index: values.random(shape, dtype, device), 1)[0]
    found = []
    for count in {1, x.dim()}:
        shape = list(x.shape[x.dim() - count :])
        found += rms_norm_differences(x, shape, values.random(shape, dtype, device) if has_weight else None)
    fail_with(found)


LENGTHS = (1, 2, 3, 7, 8, 31, 33, 64, 65, 127, 129, 255, 257, 1000, 1023, 1025, 2049, 5000, 12289, 70_001, 300_008)


@by_dtype
def test_lengths(dtype, device):
    found = []
    for length in LENGTHS:
        x, (weight, bias) = values.random((3, length), dtype, device), parameters_of((True, True), (length,), dtype, device)
        found += layer_norm_differences(x, [length], weight, bias)
        found += rms_norm_differences(x, [length], weight)
        found += backward_differences(x, [length], weight, bias)
    fail_with(found)


@by_narrow
def test_many_rows_and_a_long_one(dtype, device):
    found = []
    for shape in ((3000, 33), (2, 70_003)):
        x = values.random(shape, dtype, device)
        weight, bias = parameters_of((True, True), shape[1:], dtype, device)
        found += layer_norm_differences(x, list(shape[1:]), weight, bias) + rms_norm_differences(x, list(shape[1:]), weight)
        found += backward_differences(x, list(shape[1:]), weight, bias)
    fail_with(found)


MIXED = (
    (torch.bfloat16, torch.float32),
    (torch.float16, torch.float32),
    (torch.float32, torch.bfloat16),
    (torch.bfloat16, torch.float16),
    (torch.float32, torch.float64),
)


@pytest.mark.parametrize("dtypes", MIXED, ids=str)
@by_parameters
def test_mixed_dtypes(dtypes, parameters, device):
    """The CPU takes f32 parameters beside 2-byte operands, and then keeps f32 statistics; other mixes are refused."""
    x, (weight, bias) = values.random((4, 40), dtypes[0], device), parameters_of(parameters, (40,), dtypes[1], device)
    found = layer_norm_differences(x, [40], weight, bias)
    found += layer_norm_differences(x, [40], weight, None if bias is None else bias.to(dtypes[0]))
    found += rms_norm_differences(x, [40], weight)
    images = values.random((2, 4, 100), dtypes[0], device)
    found += group_norm_differences(images, 2, *(None if each is None else each[:4].contiguous() for each in (weight, bias)))
    fail_with(found)


@by_narrow
def test_large_mean(dtype, device):
    """The variance of values far from zero, which the difference of two sums would lose."""
    x = values.random((5, 1000), dtype, device) + 100
    fail_with(layer_norm_differences(x, [1000], None, None) + group_norm_differences(x.view(5, 10, 100), 2, None, None))


NAN, INFINITY = float("nan"), float("inf")


@by_dtype
def test_special_values(dtype, device):
    found = []
    for special in (NAN, INFINITY, -INFINITY, 60000.0, 0.0):
        x = values.random((3, 300), dtype, device)
        x[1, 150] = special
        x[2] = special
        found += layer_norm_differences(x, [300], None, None) + rms_norm_differences(x, [300], None)
        found += group_norm_differences(x.view(3, 2, 150), 1, None, None)
        found += group_norm_backward_differences(values.random((3, 2, 300), dtype, device), 2, x[0, :2].abs(), None)
    constant = torch.full((2, 300), 1.5, dtype=dtype, device=device)
    for eps in (0.0, 1e-12, 1.0, -10.0):
        found += layer_norm_differences(constant, [300], None, None, eps)
        found += layer_norm_differences(values.random((2, 300), dtype, device), [300], None, None, eps)
        found += rms_norm_differences(values.random((2, 300), dtype, device), [300], None, eps)
    fail_with(found)


@by_dtype
def test_default_eps_of_rms_norm(dtype, device):
    """The epsilon of the computation dtype: it shows in rows that are almost zero."""
    x = torch.full((2, 7), 1e-4, device=device).to(dtype)
    fail_with(rms_norm_differences(x, [7], None, None) + rms_norm_differences(torch.zeros_like(x), [7], None, None))


@by_narrow
def test_empty(dtype, device):
    found = []
    for rows, columns in ((0, 3), (3, 0), (0, 0)):
        x = torch.empty((rows, columns), dtype=dtype, device=device)
        weight, bias = parameters_of((True, True), (columns,), dtype, device)
        found += layer_norm_differences(x, [columns], weight, bias) + layer_norm_differences(x, [columns], None, None)
        found += rms_norm_differences(x, [columns], weight)
        if columns:
            found += backward_differences(x, [columns], weight, bias)
    for shape in ((0, 4, 3), (2, 4, 0), (2, 0, 3)):
        found += group_norm_differences(torch.empty(shape, dtype=dtype, device=device), 2, None, None)
    fail_with(found)


REFUSED = {
    "no shape": lambda x, w: F.layer_norm(x, ()),
    "another length": lambda x, w: F.layer_norm(x, (4,), None),
    "too many dims": lambda x, w: F.layer_norm(x, (1, 3, 5)),
    "weight of another shape": lambda x, w: F.layer_norm(x, (5,), w[:3]),
    "bias of another shape": lambda x, w: F.layer_norm(x, (5,), w, w[:3]),
    "weight with more dims": lambda x, w: F.layer_norm(x, (5,), w[None]),
    "integers": lambda x, w: F.layer_norm(x.int(), (5,)),
    "complex": lambda x, w: F.layer_norm(x.to(torch.complex64), (5,)),
    "weight on meta": lambda x, w: F.layer_norm(x, (5,), w.to("meta")),
    "rms: no shape": lambda x, w: F.rms_norm(x, ()),
    "rms: another length": lambda x, w: F.rms_norm(x, (4,)),
    "rms: weight of another shape": lambda x, w: F.rms_norm(x, (5,), w[:3]),
    "rms: integers": lambda x, w: F.rms_norm(x.int(), (5,)),
    "group: groups": lambda x, w: F.group_norm(x[..., None], 3),
    "group: one dimension": lambda x, w: F.group_norm(w, 1),
    "group: weight": lambda x, w: F.group_norm(x[..., None], 1, w[:2]),
    "group: integers": lambda x, w: F.group_norm(x.int(), 5),
    "group: not contiguous": lambda x, w: ATEN.native_group_norm(x[:, ::2], None, None, 3, 3, 1, 1, EPS),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, device):
    check_row(REFUSED[name], values.random((3, 5), torch.float32, device), values.random((5,), torch.float32, device))


def backward_differences(x, shape, weight, bias, mask=(True, True, True), layout=lambda grad: grad):
    grad = layout(values.random(tuple(x.shape), x.dtype, x.device))
    _, mean, rstd = ATEN.native_layer_norm(x, shape, weight, bias, EPS)
    mask = [mask[0], mask[1] and weight is not None, mask[2] and bias is not None]

    def call(grad, x, mean, rstd, weight, bias):
        given = ATEN.native_layer_norm_backward(grad, x, shape, mean, rstd, weight, bias, mask)
        return tuple(each for each in given if each is not None)

    def terms(grad, x, mean, rstd, weight, bias):
        each = norm_bounds.layer_norm_backward(grad, x, shape, mean, rstd, weight)
        return tuple(bound.reshape(shape) if index and x.numel() else bound
                     for index, (bound, wanted) in enumerate(zip(each, mask, strict=True)) if wanted)  # fmt: skip

    return row_differences(
        call, grad, x, mean, rstd, weight, bias, overloads=("native_layer_norm_backward",), terms=terms,
        may_decline=left_to_aten(x, weight, bias, some=not all(mask)),
    )  # fmt: skip


@by_dtype
@by_parameters
@pytest.mark.parametrize("layout", ("contiguous", "transposed", "channels_last", "sliced_inner", "offset_by_one"))
def test_layer_norm_backward(dtype, parameters, layout, device):
    x = layouts.ALONE[layout](lambda shape, index: values.random(shape, dtype, device), 1)[0]
    shape = list(x.shape[-1:])
    weight, bias = parameters_of(parameters, shape, dtype, device)
    found = []
    for mask in itertools.product((True, False), repeat=3):
        if any(mask):
            found += backward_differences(x, shape, weight, bias, mask)
    found += backward_differences(x, shape, weight, bias, layout=lambda grad: grad[..., :1].expand_as(grad))
    if x.dim() > 1:
        found += backward_differences(x, list(x.shape[1:]), *parameters_of(parameters, x.shape[1:], dtype, device))
    fail_with(found)


@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16), ids=str)
def test_backward_of_mixed_dtypes(dtype, device):
    if device == "cuda":
        pytest.skip("ATen's CUDA kernels want one dtype")
    x, (weight, bias) = values.random((6, 40), dtype, device), parameters_of((True, True), (40,), torch.float32, device)
    fail_with(backward_differences(x, [40], weight, bias))


@by_dtype
@pytest.mark.parametrize("has_weight", (True, False), ids=("weight", "no weight"))
def test_rms_norm_backward(dtype, has_weight, device):
    """One operator on CUDA; ATen's on the CPU are the pieces of the composite."""
    x, weight = values.random((6, 40), dtype, device), values.random((40,), dtype, device)
    seed = values.random((6, 40), dtype, device)
    inputs = [x.requires_grad_()] + ([weight.requires_grad_()] if has_weight else [])

    def gradients(seed, *inputs):
        return torch.autograd.grad(F.rms_norm(inputs[0], (40,), *inputs[1:], eps=EPS), inputs, seed)

    def terms(seed, x, weight=None):
        rstd = torch.rsqrt((x * x).mean(1, keepdim=True) + EPS)
        # On the CPU each piece of the composite's gradient is rounded to the dtype.
        pieces = 1 + 4 * torch.finfo(dtype).eps / torch.finfo(torch.float32).eps if device == "cpu" else 1
        dx, dw, _ = norm_bounds.backward(seed, x.abs() * rstd, rstd, weight, (1,), (0,))
        return tuple(each * pieces for each in ((dx, dw) if weight is not None else (dx,)))

    check_row(
        gradients, seed, *inputs, overloads=("_fused_rms_norm", "_fused_rms_norm_backward"), terms=terms,
        may_decline=() if has_weight else ("arguments",),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_layer_norm_gradients(dtype, device):
    """Through autograd: the statistics that forward saved are those that backward takes."""
    x, seed = (values.random((6, 40), dtype, device) for _ in range(2))
    weight, bias = parameters_of((True, True), (40,), dtype, device)

    def gradients(seed, x, weight, bias):
        return torch.autograd.grad(F.layer_norm(x, (40,), weight, bias, EPS), (x, weight, bias), seed)

    def terms(seed, x, weight, bias):
        mean, rstd, _ = norm_bounds.statistics(x.detach(), (1,), EPS)
        return tuple(4 * each for each in norm_bounds.layer_norm_backward(seed, x.detach(), [40], mean, rstd, weight.detach()))

    check_row(
        gradients, seed, *(each.requires_grad_() for each in (x, weight, bias)), terms=terms,
        overloads=("native_layer_norm", "native_layer_norm_backward"),
    )  # fmt: skip


def test_second_derivatives(device):
    x, images = (torch.randn(shape, dtype=torch.float64, device=device, requires_grad=True) for shape in ((3, 4), (2, 4, 3)))
    weight, bias = (torch.randn(4, dtype=torch.float64, device=device, requires_grad=True) for _ in range(2))
    calls = (
        (lambda x, w, b: F.layer_norm(x, (4,), w, b), (x, weight, bias)),
        (lambda x, w: F.rms_norm(x, (4,), w), (x, weight)),
        (lambda x, w, b: F.group_norm(x, 2, w, b), (images, weight, bias)),
    )
    with gems.use_gems():
        for call, inputs in calls:
            assert torch.autograd.gradcheck(call, inputs)
            assert torch.autograd.gradgradcheck(call, inputs)


def group_norm_differences(x, groups, weight, bias):
    sizes = (x.shape[0], x.shape[1], torch.Size(x.shape[2:]).numel())
    return row_differences(
        lambda x, w, b: _without_infinite_means(*ATEN.native_group_norm(x, w, b, *sizes, groups, EPS)), x, weight, bias,
        overloads=("native_group_norm",), terms=lambda x, w, b: norm_bounds.group_norm(x, w, b, groups, EPS),
        may_decline=("arguments",) if x.numel() == 0 else (),
    )  # fmt: skip


IMAGES = {
    "rows": (3, 8),
    "sequence": (2, 6, 33),
    "images": (2, 8, 5, 7),
    "volumes": (2, 4, 3, 2, 5),
    "odd": (3, 8, 17, 19),
    "large": (2, 32, 40, 40),
}


@by_dtype
@by_parameters
@pytest.mark.parametrize("shape", IMAGES)
def test_group_norm(dtype, parameters, shape, device):
    sizes = IMAGES[shape]
    weight, bias = parameters_of(parameters, sizes[1:2], dtype, device)
    found = []
    for groups in (1, 2, sizes[1]):
        if torch.Size(sizes).numel() // sizes[0] // groups > 1:
            x = values.random(sizes, dtype, device)
            found += group_norm_differences(x, groups, weight, bias)
            found += group_norm_backward_differences(x, groups, weight, bias)
    fail_with(found)


def group_norm_backward_differences(x, groups, weight, bias, mask=(True, True, True)):
    sizes = (x.shape[0], x.shape[1], torch.Size(x.shape[2:]).numel())
    grad = values.random(tuple(x.shape), x.dtype, x.device)
    _, mean, rstd = ATEN.native_group_norm(x, weight, bias, *sizes, groups, EPS)
    mask = [mask[0], mask[1] and weight is not None, mask[2] and weight is not None]

    def call(grad, x, mean, rstd, weight):
        given = ATEN.native_group_norm_backward(grad, x, mean, rstd, weight, *sizes, groups, mask)
        return tuple(each for each in given if each is not None)

    def terms(grad, x, mean, rstd, weight):
        each = norm_bounds.group_norm_backward(grad, x, mean, rstd, weight, groups)
        return tuple(bound for bound, wanted in zip(each, mask, strict=True) if wanted)

    return row_differences(call, grad, x, mean, rstd, weight, overloads=("native_group_norm_backward",), terms=terms)


@by_narrow
@pytest.mark.parametrize("layout", ("channels_last", "permuted", "sliced"))
def test_group_norm_of_layouts(dtype, layout, device):
    """Through group_norm, which makes contiguous what it is given, in channels_last where that is what it was."""
    views = {
        "channels_last": lambda x: x.contiguous(memory_format=torch.channels_last),
        "permuted": lambda x: x.permute(0, 1, 3, 2),
        "sliced": lambda x: x[..., ::2],
    }
    x = views[layout](values.random((2, 8, 16, 34), dtype, device))
    weight, bias = parameters_of((True, True), (8,), dtype, device)
    # On the CPU ATen keeps channels last.
    may_decline = ("arguments",) if device == "cpu" and layout == "channels_last" else ()
    check_row(
        lambda x, w, b: F.group_norm(x, 4, w, b, EPS), x, weight, bias, overloads=("native_group_norm",),
        terms=lambda x, w, b: norm_bounds.group_norm(x, w, b, 4, EPS)[:1], may_decline=may_decline,
    )  # fmt: skip

    def gradients(x, weight, bias, seed):
        return torch.autograd.grad(F.group_norm(x, 4, weight, bias, EPS), (x, weight, bias), seed)

    def terms(x, weight, bias, seed):
        x, weight = x.detach(), weight.detach()
        mean, rstd, _ = (each.squeeze(2) for each in norm_bounds.statistics(x.reshape(2, 4, -1), (2,), EPS))
        # What the statistics lose when they are saved in the dtype of x.
        saved = 1 + torch.finfo(dtype).eps / torch.finfo(torch.float32).eps
        return tuple(saved * each for each in norm_bounds.group_norm_backward(seed, x, mean, rstd, weight, 4))

    check_row(
        gradients, *(each.requires_grad_() for each in (x, weight, bias)), values.random(tuple(x.shape), dtype, device),
        overloads=("native_group_norm", "native_group_norm_backward"), terms=terms, may_decline=may_decline,
    )  # fmt: skip


@by_dtype
def test_gradients_of_group_norm_that_are_asked_for(dtype, device):
    x, weight = values.random((3, 6, 300), dtype, device), values.random((6,), dtype, device)
    found = []
    for mask in itertools.product((True, False), repeat=3):
        if any(mask):
            found += group_norm_backward_differences(x, 3, weight, weight, mask)
    found += group_norm_backward_differences(x, 3, None, None)
    fail_with(found)


@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16), ids=str)
def test_group_norm_backward_of_mixed_dtypes(dtype, device):
    if device == "cuda":
        pytest.skip("ATen's CUDA kernels want one dtype")
    x, (weight, bias) = values.random((4, 6, 260), dtype, device), parameters_of((True, True), (6,), torch.float32, device)
    fail_with(group_norm_backward_differences(x, 2, weight, bias) + group_norm_backward_differences(x, 6, weight, bias))


def test_group_norm_into_given_results(device):
    """ATen's out= form calls the other one."""
    x, weight = values.random((3, 6, 70), torch.float32, device), values.random((6,), torch.float32, device)

    def call(x, weight, *outs):
        names = {f"out{index}": out for index, out in enumerate(outs)}
        return ATEN.native_group_norm.out(x, weight, weight, 3, 6, 70, 2, EPS, **names)

    def terms(x, w, *outs):
        each = norm_bounds.group_norm(x, w, w, 2, EPS)
        return *each, 0 * x, 0 * w, *each  # the arguments after the call, too

    outs = torch.empty_like(x), x.new_empty(3, 2), x.new_empty(3, 2)
    check_row(call, x, weight, *outs, overloads=("native_group_norm",), terms=terms)


BATCHES = (1, 2, 7, 256)


@by_narrow
@pytest.mark.parametrize("length", (33, 1000, 5000, 50_257, 131_072))
def test_a_row_has_the_same_bits_among_any_number_of_rows(dtype, length, device):
    needs_served("native_layer_norm", dtype, device)
    x = values.random((10_000 if length < 1000 else 300 if length < 10_000 else 40, length), dtype, device)
    weight, bias = parameters_of((True, True), (length,), dtype, device)
    with gems.use_gems():
        of_all = ATEN.native_layer_norm(x, [length], weight, bias, EPS)
        rms_of_all = F.rms_norm(x, (length,), weight)
        for count in BATCHES:
            few = ATEN.native_layer_norm(x[:count], [length], weight, bias, EPS)
            assert all(same_bits(a, b[:count]) for a, b in zip(few, of_all, strict=True)), f"{count} rows"
            if device == "cuda":
                assert same_bits(F.rms_norm(x[:count], (length,), weight), rms_of_all[:count]), f"{count} rows, rms_norm"


@by_narrow
def test_gradients_that_repeat_have_the_same_bits(dtype, device):
    """The sums over all rows are folded in one order, whatever runs first."""
    needs_served("native_layer_norm_backward", dtype, device)
    x, grad = (values.random((5000, 130), dtype, device) for _ in range(2))
    weight, bias = parameters_of((True, True), (130,), dtype, device)
    with gems.use_gems():
        _, mean, rstd = ATEN.native_layer_norm(x, [130], weight, bias, EPS)
        calls = [ATEN.native_layer_norm_backward(grad, x, [130], mean, rstd, weight, bias, [True] * 3) for _ in range(3)]
    assert all(same_bits(a, b) for each in calls[1:] for a, b in zip(calls[0], each, strict=True))


ENTRIES = {"layer_norm": "nn.functional.layer_norm", "rms_norm": "nn.functional.rms_norm", "group_norm": "nn.functional.group_norm"}


@pytest.mark.parametrize("name", ENTRIES)
@by_dtype
def test_sample_inputs(name, dtype, device):
    found = []
    for label, call, args, kwargs in opdb.samples([(ENTRIES[name], "")], device, dtype, 20):
        for text in row_differences(call, *args, terms=_sample_bound(name, kwargs), **kwargs):
            found.append(f"{label}: {text}")
    fail_with(found)


def _sample_bound(name, kwargs):
    """Parameters by keyword are tensors of the call that the bound does not get; their sizes are at most 9 here."""
    eps = kwargs.get("eps") or torch.finfo(torch.float32).eps

    def bound(x, *rest):
        if name == "group_norm":
            return tuple(10 * each for each in norm_bounds.group_norm(x, None, None, rest[0], eps)[:1])
        if name == "layer_norm":
            return tuple(10 * each for each in norm_bounds.layer_norm(x, rest[0], None, None, eps)[:1])
        return tuple(10 * each for each in norm_bounds.rms_norm(x, rest[0], None, eps)[:1])

    return bound
