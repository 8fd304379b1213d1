"""softmax, log_softmax and their gradients: dims, layouts, lengths, special values, out=, refusals, the same bits always."""

import itertools

import pytest
import torch

import gems
import layouts
import opdb
import values
from oracle import fail_with
from reductions import FLOAT_DTYPES
from row_check import check_row, counts_across, dtype_here, needs_served, row_differences, same_bits

ATEN = torch.ops.aten
FORWARD = {"softmax": ATEN._softmax, "log_softmax": ATEN._log_softmax}
BACKWARD = {"softmax": ATEN._softmax_backward_data, "log_softmax": ATEN._log_softmax_backward_data}
OUT_NAMES = {"softmax": "grad_input", "log_softmax": "out"}
NARROW = (torch.float32, torch.bfloat16)

by_name = pytest.mark.parametrize("name", FORWARD)
by_dtype = pytest.mark.parametrize("dtype", FLOAT_DTYPES, ids=str)
by_narrow = pytest.mark.parametrize("dtype", NARROW, ids=str)


def bound(name, x, dim):
    """exp takes the rounding of x - max with it, by as much as the difference is."""
    if x.numel() == 0:
        return torch.zeros_like(x)
    below = (x - x.amax(dim, keepdim=True)).abs()
    return torch.softmax(x, dim) * (2 + below) if name == "softmax" else below + 2


def gradient_bound(name, grad, output, dim):
    if name == "softmax":
        return output.abs() * (grad.abs() + (grad * output).abs().sum(dim, keepdim=True))
    return grad.abs() + output.exp() * (1 + output.abs()) * grad.abs().sum(dim, keepdim=True)


def compared(name, x, *dims):
    """Differences over calls along these dims at once."""
    def call(tensor):
        return tuple(FORWARD[name](tensor, dim, False) for dim in dims)

    return row_differences(
        call, x, overloads=(f"_{name}",), may_decline=("rank",),
        terms=lambda wide: tuple(bound(name, wide, dim) for dim in dims),
    )  # fmt: skip


def compared_backward(name, grad, output, *dims):
    def call(grad, output):
        return tuple(BACKWARD[name](grad, output, dim, grad.dtype) for dim in dims)

    # The reference's operands are f64, their dtype in the call with them.
    return row_differences(
        call, grad, output, overloads=(f"_{name}_backward_data",), may_decline=("rank",),
        terms=lambda grad, output: tuple(gradient_bound(name, grad, output, dim) for dim in dims),
    )  # fmt: skip


@by_name
@by_dtype
@pytest.mark.parametrize("layout", layouts.ALONE)
def test_layouts(name, dtype, layout, device):
    x = layouts.ALONE[layout](lambda shape, index: values.random(shape, dtype, device), 1)[0]
    dims = sorted({0, x.dim() // 2, -1}) if x.dim() else [0, -1]
    fail_with(compared(name, x, *dims) + compared_backward(name, x, FORWARD[name](x, -1, False), -1))


LENGTHS = (1, 2, 3, 7, 8, 31, 33, 63, 65, 127, 129, 255, 257, 1000, 1023, 1025, 2049, 5000, 12289, 70_001, 300_008)


@by_name
@by_dtype
def test_lengths(name, dtype, device):
    """Rows and columns of lengths around what a vector, a warp, a block and a cluster hold, forward and backward."""
    found = []
    for length in LENGTHS:
        x, grad = (values.random((3, length), dtype, device) for _ in range(2))
        found += compared(name, x, 1) + compared(name, x.t().contiguous(), 0)
        output = FORWARD[name](x, 1, False)
        found += compared_backward(name, grad, output, 1)
        found += compared_backward(name, grad.t().contiguous(), output.t().contiguous(), 0)
    fail_with(found)


@by_name
@by_narrow
def test_many_rows_and_a_long_one(name, dtype, device):
    found = []
    for shape in ((3000, 33), (2, 70_003), (4, 50, 64)):
        x = values.random(shape, dtype, device)
        found += compared(name, x, 0, -1, *([1] if len(shape) > 2 else []))
        found += compared_backward(name, values.random(shape, dtype, device), FORWARD[name](x, -1, False), -1)
    fail_with(found)


NAN, INFINITY = float("nan"), float("inf")
SPECIAL = {
    "NaN": [1.0, NAN, 2.0],
    "infinity": [INFINITY, 1.0, 2.0],
    "minus infinity": [-INFINITY, 1.0, 2.0],
    "only minus infinity": [-INFINITY, -INFINITY, -INFINITY],
    "both infinities": [INFINITY, -INFINITY, 0.0],
    "large": [60000.0, -60000.0, 59999.0],
    "beyond exp": [1000.0, 1.0, -1000.0],
    "equal": [2.0, 2.0, 2.0],
    "small differences": [1e-4, 0.0, -1e-4],
}


@by_name
@by_dtype
@pytest.mark.parametrize("special", SPECIAL)
def test_special_values(name, dtype, special, device):
    found = []
    drawn = torch.tensor(SPECIAL[special], device=device).to(dtype)
    for length, start in ((3, 0), (37, 30), (300, 150), (1100, 1090)):
        fill = -INFINITY if special == "only minus infinity" else 0.5
        x = torch.full((length,), fill, dtype=dtype, device=device)
        x[start : start + 3] = drawn
        pair = torch.stack([x, torch.linspace(-1, 1, length, device=device).to(dtype)])
        found += compared(name, pair, 1) + compared(name, pair.t().contiguous(), 0)
    fail_with(found)


@by_name
@by_narrow
def test_empty_and_no_dimensions(name, dtype, device):
    for shape in ((0,), (3, 0), (0, 3), (2, 0, 3)):
        x = torch.empty(shape, dtype=dtype, device=device)
        fail_with(compared(name, x, *range(len(shape))) + compared_backward(name, x, x, *range(len(shape))))
    x = torch.tensor(3.0, dtype=dtype, device=device)
    fail_with(compared(name, x, 0, -1) + compared_backward(name, x, x, 0, -1))


@by_name
def test_refused(name, device):
    x = values.random((3, 4), torch.float32, device)
    for dim in (2, -3, 2**40):
        check_row(lambda t, dim=dim: FORWARD[name](t, dim, False), x)
        check_row(lambda t, dim=dim: BACKWARD[name](t, t, dim, t.dtype), x)
    check_row(lambda t: FORWARD[name](t, 1, False), torch.tensor(1.0, device=device).view(()))
    for dtype in (torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.uint16):
        check_row(lambda t: (FORWARD[name](t, 1, False)), torch.ones(3, 4, device=device).to(dtype))
        check_row(lambda t: (FORWARD[name](t, 0, False)), torch.ones(3, 4, device=device).to(dtype))
    check_row(lambda g, o: BACKWARD[name](g, o, 1, g.dtype), x, x.double())
    if name == "softmax":  # the other one does not look at the sizes
        check_row(lambda g, o: BACKWARD[name](g, o, 1, g.dtype), x, x[:, :3].contiguous())
        check_row(lambda g, o: BACKWARD[name](g, o, 1, g.dtype), x[:1], x)


@by_name
@by_dtype
def test_half_to_float(name, dtype, device):
    """On the CPU ATen refuses; on CUDA f16 in gives f32 out, and the gradient comes back as f16."""
    x = values.random((3, 40), dtype, device)
    check_row(lambda t: FORWARD[name](t, 1, True), x, terms=lambda wide: bound(name, wide, 1))
    wide = x.float()
    check_row(lambda g, o: BACKWARD[name](g, o, 1, dtype), wide, FORWARD[name](wide, 1, False),
              terms=lambda g, o: gradient_bound(name, g, o, 1))  # fmt: skip


@by_name
def test_dtype_of_the_call(name, device):
    for dtype, given in itertools.product((torch.int64, torch.bool, *FLOAT_DTYPES), FLOAT_DTYPES):
        x = values.random((3, 40), dtype, device).to(given).to(dtype)  # the reference converts to f64 only
        check_row(
            lambda t, given=given: getattr(torch, name)(t, 1, dtype=dtype_here(given)), x, given=given,
            terms=lambda wide: bound(name, wide.double(), 1),
        )  # fmt: skip


OUTS = {
    "same": lambda x: torch.empty_like(x),
    "no elements": lambda x: x.new_empty(0),
    "wrong shape": lambda x: x.new_ones(7, 2),
    "wider": lambda x: torch.ones_like(x, dtype=torch.float64),
    "integers": lambda x: torch.ones_like(x, dtype=torch.int64),
    "transposed": lambda x: x.new_ones(x.shape[::-1]).t(),
    "sliced": lambda x: x.new_ones(x.shape[0], 2 * x.shape[1])[:, ::2],
    "offset": lambda x: x.new_ones(x.numel() + 1)[1:].view(x.shape),
    "the input": lambda x: x,
    "on meta": lambda x: x.new_ones(x.shape, device="meta"),
}


@by_name
@by_narrow
@pytest.mark.parametrize("out", OUTS)
def test_out(name, dtype, out, device):
    x = values.random((6, 10), dtype, device)
    for dim in (0, 1):
        check_row(
            lambda t, o, dim=dim: getattr(torch, name)(t, dim, out=o), x, OUTS[out](x), overloads=(f"_{name}.out",),
            terms=lambda t, o, dim=dim: bound(name, t, dim), may_decline=("out has another shape",),
        )  # fmt: skip
        if out == "the input":
            continue
        # Called through torch.ops a warning about resizing is no Python warning.
        check_row(
            lambda g, y, o, dim=dim: BACKWARD[name].out(g, y, dim, g.dtype, **{OUT_NAMES[name]: o}), x,
            FORWARD[name](x, dim, False), OUTS[out](x), overloads=(f"_{name}_backward_data.out",),
            may_decline=("out has another shape",),
            terms=lambda g, y, o, dim=dim: gradient_bound(name, g, y, dim),
        )  # fmt: skip


@by_name
@by_dtype
@pytest.mark.parametrize("layout", ("contiguous", "transposed", "channels_last", "sliced_inner", "expanded_outer"))
def test_backward_of_layouts(name, dtype, layout, device):
    """The gradient and the result in different layouts; a gradient that was expanded from one number."""
    x = layouts.ALONE[layout](lambda shape, index: values.random(shape, dtype, device), 1)[0]
    found = []
    for dim in (0, 1, -1):
        output = FORWARD[name](x, dim, False)
        found += compared_backward(name, x, output, dim)
        found += compared_backward(name, torch.ones((), dtype=dtype, device=device).expand_as(output), output, dim)
    fail_with(found)


@by_name
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_gradients(name, dtype, device):
    call = getattr(torch, name)
    x, seed = (values.random((5, 33), dtype, device) for _ in range(2))

    def gradient(tensor, seed):
        return torch.autograd.grad(call(tensor, -1), tensor, seed)[0]

    check_row(
        gradient, x.requires_grad_(), seed, overloads=(f"_{name}", f"_{name}_backward_data"),
        terms=lambda wide, seed: 2 * gradient_bound(name, seed, call(wide.detach(), -1), -1)
        * (1 + bound("log_softmax", wide.detach(), -1)),
    )  # fmt: skip


@by_name
def test_second_derivatives(name, device):
    x = torch.randn(3, 5, dtype=torch.float64, device=device, requires_grad=True)
    with gems.use_gems():
        for dim in (0, 1):
            assert torch.autograd.gradcheck(lambda t, dim=dim: getattr(torch, name)(t, dim), [x])
            assert torch.autograd.gradgradcheck(lambda t, dim=dim: getattr(torch, name)(t, dim), [x])


BATCHES = (1, 2, 7, 256)


@by_name
@by_narrow
@pytest.mark.parametrize("length", (5, 33, 1000, 5000, 50_257, 131_072))
def test_a_row_has_the_same_bits_among_any_number_of_rows(name, dtype, length, device):
    needs_served(f"_{name}", dtype, device)
    x = values.random((10_000 if length < 1000 else 300 if length < 10_000 else 40, length), dtype, device)
    with gems.use_gems():
        of_all, of_columns = FORWARD[name](x, 1, False), FORWARD[name](x.t().contiguous(), 0, False)
        back = BACKWARD[name](x, of_all, 1, dtype) if f"_{name}_backward_data" in gems.all_ops() else None
        for count in BATCHES:
            few = FORWARD[name](x[:count], 1, False)
            assert same_bits(few, of_all[:count]), f"{count} rows"
            if back is not None:
                assert same_bits(BACKWARD[name](x[:count], few, 1, dtype), back[:count]), f"{count} rows, backward"
        for count in counts_across(BATCHES, device):
            columns = FORWARD[name](x.t().contiguous()[:, :count], 0, False)
            assert same_bits(columns, of_columns[:, :count]), f"{count} columns"


@by_name
@by_narrow
@pytest.mark.parametrize("length", (33, 5000, 50_257, 131_072))
def test_a_row_has_the_same_bits_wherever_it_begins(name, dtype, length, device):
    needs_served(f"_{name}", dtype, device)
    x = values.random((3, length), dtype, device)
    rows = torch.empty(3 * length + 16, dtype=dtype, device=device)
    with gems.use_gems():
        expected = FORWARD[name](x, 1, False)
        for begin in (1, 3, 8):
            moved = rows[begin : begin + 3 * length].view(3, length).copy_(x)
            assert same_bits(FORWARD[name](moved, 1, False), expected), f"x begins {begin} elements later"
            assert same_bits(getattr(torch, name)(moved, 1, out=moved), expected), f"in place, {begin} elements later"


@pytest.mark.parametrize("name", ("softmax", "log_softmax"))
@by_dtype
def test_sample_inputs(name, dtype, device):
    found = []
    entries = [key for key in opdb._entries if key[0] == name]
    for label, call, args, kwargs in opdb.samples(entries, device, dtype, 20):
        dim = args[1] if len(args) > 1 else kwargs["dim"]
        for text in row_differences(call, *args, terms=lambda x, *rest, dim=dim: bound(name, x, dim), **kwargs):
            found.append(f"{label}: {text}")
    fail_with(found)
