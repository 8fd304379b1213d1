"""Reductions: dims, layouts, lengths, empty and special values, dtype=, out=, refusals, gradients, the same bits always."""

import dataclasses
import itertools

import pytest
import torch

import gems
import layouts
import opdb
import processes
import values
from cases import DEVICE
from clones import tensors
from oracle import fail_with, observe
from reductions import FLOAT_DTYPES, PRIMARY, REDUCTIONS
from row_check import check_row, counts_across, dtype_here, needs_served, row_differences, same_bits

SHAPE = (3, 4, 35)  # shorter rows are ATen's on the CPU
DIMS = (0, 1, 2, -1, -3, (0,), (0, 1), (0, 2), (2, -2), (0, 1, 2), (), None)
NARROW = (torch.float32, torch.bfloat16)

by_reduction = pytest.mark.parametrize("name", REDUCTIONS)


def with_dtypes(wanted=None, where=lambda row: True):
    """(name, dtype) for each reduction that the filter takes, of the dtypes that ATen has for it."""
    found = [
        pytest.param(row.name, dtype, id=f"{row.name}-{str(dtype)[6:]}")
        for row in REDUCTIONS.values()
        if where(row)
        for dtype in row.dtypes(DEVICE)
        if wanted is None or dtype in wanted
    ]
    return pytest.mark.parametrize("name, dtype", found)


def shape_of(row):
    """A product of more leaves every dtype."""
    return SHAPE if "prod" not in row.name else (3, 4, 5)


def random(shape, dtype, device):
    """Also with zeros, for what counts and asks for truth."""
    made = values.random(shape, dtype, device)
    return made * (values.random(shape, torch.bool, device) | (made != made.amin())) if dtype == torch.uint8 else made


def compared(row, x, *calls):
    """Differences over calls (dim, keepdim): of all that ATen computes at once, of each that it refuses."""
    computed = [each for each in calls if _computes(row, x, *each)]
    found = []
    for group in (computed, *([each] for each in calls if each not in computed)):
        if not group:
            continue
        given = row_differences(
            lambda tensor, group=group: tuple(row.call(tensor, *each) for each in group), x,
            overloads=sorted({row.overload(dim) for dim, _ in group}), terms=row.terms(x.dtype, x.device.type, *group),
            may_decline=left_to_aten(row, x),
        )  # fmt: skip
        found += [f"(dim, keepdim) in {group} of {list(x.shape)}/{list(x.stride())}: {text}" for text in given]
    return found


def left_to_aten(row, x):
    """Dimensions that do not collapse, and spreads that ATen warns about, of one element or none."""
    warns = row.name.startswith(("var", "std")) and any(size <= 1 for size in (*x.shape, x.numel()))
    return ("rank", *(["ATen warns"] if warns else []))


def _computes(row, x, dim, keepdim):
    try:
        row.call(x, dim, keepdim)
    except Exception:  # which one is compared
        return False
    return True


def fits(row, dim):
    return (row.takes_all or dim is not None) and (row.several or not isinstance(dim, tuple))


@with_dtypes()
def test_dims(name, dtype, device):
    row = REDUCTIONS[name]
    x = random(shape_of(row), dtype, device)
    calls = [each for each in itertools.product(DIMS, (False, True)) if fits(row, each[0])]
    fail_with(compared(row, x, *calls))


@with_dtypes((torch.float32, torch.bfloat16, torch.int64))
@pytest.mark.parametrize("layout", layouts.ALONE)
def test_layouts(name, dtype, layout, device):
    row = REDUCTIONS[name]
    if layout == "several_threads" and "prod" in name:
        pytest.skip("a product of so many leaves every dtype")
    x = layouts.ALONE[layout](lambda shape, index: random(shape, dtype, device), 1)[0]
    calls = [(dim, False) for dim in ({0, x.dim() // 2, -1} if x.dim() else {0})] + [(None, False)]
    if row.several and x.dim() > 2:
        calls += [((0, x.dim() - 1), True), (tuple(range(1, x.dim())), False)]
    fail_with(compared(row, x, *calls))


LENGTHS = (1, 2, 3, 7, 8, 31, 33, 63, 65, 127, 129, 255, 257, 1000, 1023, 1025, 2049, 5000, 12289)


@with_dtypes(NARROW)
def test_lengths(name, dtype, device):
    """Rows, columns, and runs in the middle, of lengths around what a vector, a warp and a block hold."""
    row = REDUCTIONS[name]
    found = []
    for length in LENGTHS if "prod" not in name else LENGTHS[:13]:
        x = random((3, length), dtype, device)
        if "prod" in name:
            x = 1 + x / 256
        found += compared(row, x, (-1, False))
        found += compared(row, x.t().contiguous(), (0, False))
    fail_with(found)


@by_reduction
@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_many_rows_and_a_long_one(name, dtype, device):
    row = REDUCTIONS[name]
    x = random((2000, 33), dtype, device)
    if "prod" in name:
        x = 1 + x / 256
    found = compared(row, x, (1, False)) + compared(row, x[:500], (0, False))
    if "prod" not in name:
        long = random((2, 70_003), dtype, device)
        found += compared(row, long, (1, False), (None, False)) + compared(row, long[:, 1:], (1, True))
    fail_with(found)


EMPTY = ((0,), (3, 0), (0, 3), (2, 0, 3), (2, 3, 0), (0, 0))


@with_dtypes(PRIMARY)
def test_empty(name, dtype, device):
    row = REDUCTIONS[name]
    found = []
    for shape in EMPTY:
        x = torch.empty(shape, dtype=dtype, device=device)
        dims = [*range(len(shape)), None, *([(0, len(shape) - 1), ()] if len(shape) > 1 else [])]
        found += compared(row, x, *((dim, keepdim) for dim in dims for keepdim in (False, True) if fits(row, dim)))
    fail_with(found)


@with_dtypes(PRIMARY)
def test_no_dimensions(name, dtype, device):
    row, x = REDUCTIONS[name], torch.tensor(3, device=device).to(dtype)
    calls = itertools.product((0, -1, None, (), (0,)), (False, True))
    fail_with(compared(row, x, *(each for each in calls if fits(row, each[0]))))


REFUSED = ((2, 3), -4, 3, (0, 0), (0, -3), (1, 5), 2**40, (0, 1, 2, 0))


@by_reduction
@pytest.mark.parametrize("dtype", (torch.float32, torch.int64), ids=str)
def test_refused_dims(name, dtype, device):
    row, calls = REDUCTIONS[name], [(dim, False) for dim in REFUSED]
    fail_with(compared(row, random(shape_of(row), dtype, device), *calls))
    fail_with(compared(row, torch.tensor(2, device=device).to(dtype), *calls))


@by_reduction
@pytest.mark.parametrize(
    "dtype",
    (torch.bool, torch.uint8, torch.int32, torch.float16, torch.complex64, torch.complex32, torch.uint16, torch.float8_e4m3fn),
    ids=str,
)
def test_dtypes_that_aten_may_not_have(name, dtype, device):
    row = REDUCTIONS[name]
    x = values.random(shape_of(row), torch.uint8, device).to(dtype)
    fail_with(compared(row, x, (0, False), (-1, False), (None, False)))


NAN, INFINITY = float("nan"), float("inf")
SPECIAL = {
    "a NaN": [1.0, NAN, 3.0, -2.0],
    "several NaNs": [NAN, 1.0, NAN, NAN],
    "NaN last": [5.0, 4.0, 3.0, NAN],
    "NaN and infinity": [INFINITY, NAN, -INFINITY, 1.0],
    "infinity": [1.0, INFINITY, 2.0, INFINITY],
    "minus infinity": [-INFINITY, -INFINITY, -INFINITY, -INFINITY],
    "both infinities": [INFINITY, -INFINITY, 0.0, 1.0],
    "ties": [2.0, 1.0, 2.0, 1.0],
    "equal": [-3.0, -3.0, -3.0, -3.0],
    "zeros": [0.0, -0.0, 0.0, -0.0],
    "minus zeros": [-0.0, -0.0, -0.0, -0.0],
    "large": [1e30, 1e30, -1e30, 1.0],
    "small": [1e-40, -1e-40, 1e-42, 0.0],
    "cancel": [1e8, 1.0, -1e8, 1.0],
}


@by_reduction
@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("dtype", (torch.float32, torch.float16, torch.bfloat16), ids=str)
def test_special_values(name, special, dtype, device):
    """Alone, and at each place of rows that a vector, several lanes and several warps hold."""
    row = REDUCTIONS[name]
    if name.startswith(("var", "std")):
        if special == "large" and device == "cuda":
            pytest.skip("the squares leave f32, in which ATen computes on CUDA, but not on the CPU")
        row = dataclasses.replace(row, call=_undefined(row.call))
    found = []
    drawn = torch.tensor(SPECIAL[special], device=device).to(dtype)
    for length, start in ((4, 0), (37, 30), (1100, 1090)):
        x = torch.full((length,), 1.0 if "prod" in name else 0.5, dtype=dtype, device=device)
        x[start : start + 4] = drawn
        pair = torch.stack([x, torch.linspace(-1, 1, length, device=device).to(dtype)])
        found += compared(row, pair, (1, False)) + compared(row, pair.t().contiguous(), (0, False))
    fail_with(found)


def _undefined(call):
    """A row with an infinity has no variance. ATen's mean of it is infinite or NaN, by where in the row it is."""

    def called(*arguments):
        results = call(*arguments)
        several = results if isinstance(results, tuple) else (results,)
        return tuple(torch.where(each.isinf(), torch.nan, each) for each in several)

    return called


@pytest.mark.parametrize("dtype", (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8), ids=str)
@by_reduction
def test_integer_limits(name, dtype, device):
    """Sums and products wrap, extremes are exact."""
    row = REDUCTIONS[name]
    if dtype not in row.dtypes(DEVICE):
        pytest.skip(f"{name} does not take {dtype}")
    limits = torch.iinfo(dtype)
    edges = torch.tensor([limits.max, limits.min, limits.max - 1, 0, 1, 3], dtype=dtype, device=device)
    x = edges.repeat(50).view(6, 50)
    fail_with(compared(row, x, (0, False), (1, False), (None, False)))


GIVEN = (torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool, torch.complex64)


@with_dtypes((torch.float32, torch.bfloat16, torch.int32, torch.bool), lambda row: row.takes_dtype)
@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_dtype_of_the_call(name, dtype, given, device):
    row = REDUCTIONS[name]
    x = random(shape_of(row), dtype, device)
    x = x.to(given).to(dtype) if given.is_floating_point else x  # the reference converts to f64 only
    is_own = given == (torch.int64 if not dtype.is_floating_point else dtype)
    found = []
    for dim in (0, -1, None):
        found += row_differences(
            lambda tensor, dim=dim: row.call(tensor, dim, False, dtype=dtype_here(given)), x, overloads=(row.overload(dim),),
            terms=row.terms(dtype, device, (dim, False)), given=given, may_decline=() if is_own else ("arguments",),
        )  # fmt: skip
    fail_with(found)


def filled(shape, dtype, device):
    return torch.full(shape, 1, dtype=dtype, device=device)


# name: (result's shape and dtype, device) -> the tensor passed as out=
OUTS = {
    "same": filled,
    "no elements": lambda shape, dtype, device: filled((0,), dtype, device),
    "wrong shape": lambda shape, dtype, device: filled((7, 2), dtype, device),
    "wider": lambda shape, dtype, device: filled(shape, torch.float64, device),
    "narrower": lambda shape, dtype, device: filled(shape, torch.bfloat16, device),
    "integers": lambda shape, dtype, device: filled(shape, torch.int32, device),
    "bool": lambda shape, dtype, device: filled(shape, torch.bool, device),
    "transposed": lambda shape, dtype, device: filled(shape[::-1], dtype, device).permute(tuple(reversed(range(len(shape))))),
    "sliced": lambda shape, dtype, device: filled((*shape[:-1], 2 * shape[-1]), dtype, device)[..., ::2],
    "offset": lambda shape, dtype, device: filled((1 + torch.Size(shape).numel(),), dtype, device)[1:].view(shape),
    "expanded": lambda shape, dtype, device: filled((shape[-1],), dtype, device).expand(shape),
    "on meta": lambda shape, dtype, device: filled(shape, dtype, "meta"),
}


# Such a tensor has another dtype or shape than the result, or ATen refuses it in some reductions.
LEFT_TO_ATEN = {
    **dict.fromkeys(("wider", "narrower", "integers", "bool"), ("dtype",)),
    "wrong shape": ("out has another shape", "ATen warns"),
    "expanded": ("ATen raises",),
}


@with_dtypes((torch.float32, torch.bfloat16, torch.int64), lambda row: row.out is not None)
@pytest.mark.parametrize("out", OUTS)
def test_out(name, dtype, out, device):
    row = REDUCTIONS[name]
    x = random(shape_of(row), dtype, device)
    found = []
    for dim, keepdim in ((0, False), (1, False), (2, True)):
        results = row.call(x, dim, keepdim)
        several = isinstance(results, tuple)
        expected = results if several else (results,)
        outs = tuple(OUTS[out](tuple(each.shape), each.dtype, device) for each in expected)
        bound = row.terms(dtype, device, (dim, keepdim))
        found += row_differences(
            lambda tensor, *outs, dim=dim, keepdim=keepdim: row.out(tensor, dim, keepdim, outs if several else outs[0]), x, *outs,
            overloads=(row.of_out,), terms=bound and (lambda *operands, bound=bound: _with_arguments(bound(*operands))),
            may_decline=LEFT_TO_ATEN.get(out, ()),
        )  # fmt: skip
    fail_with(found)


def _with_arguments(bounds):
    """Of the results, then of the arguments: the operand, which stays, and out, which is the results."""
    return (*bounds, torch.zeros(()), *bounds)


@pytest.mark.parametrize("correction", (None, 0, 1, 2, 1.5, 0.25, -1, 5, 5.0, 6, 7.5), ids=str)
@pytest.mark.parametrize("name", ("var", "std", "var_mean", "std_mean"))
@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_correction(name, correction, dtype, device):
    """Also none that is left: infinite or NaN, with ATen's warning."""
    function = getattr(torch, name)
    bound = REDUCTIONS["var_mean"].bound if name.endswith("mean") else REDUCTIONS["var"].bound
    found = []
    for shape, dim in (((4, 5), 1), ((5, 4), 0), ((5,), None), ((3, 1), 1), ((0, 5), 1), ((2, 0), 1), ((), None)):
        x = values.random(shape, dtype, device)
        length = x.numel() if dim is None else x.shape[dim]
        is_left = x.numel() > 0 and length > (1 if correction is None else correction)
        found += row_differences(
            lambda tensor, dim=dim: function(tensor, dim=dim, correction=correction), x, overloads=(f"{name}.correction",),
            may_decline=() if is_left else ("ATen warns",), terms=lambda wide, dim=dim: bound(wide, dim, False),
        )  # fmt: skip
    fail_with(found)


def test_a_call_that_aten_warns_of_declines_no_other():
    """In a process of its own: what is known of a kind of call is known to all of a process."""
    found = processes.python(
        "import torch, gems\n"
        "x = torch.ones(4, 50)\n"
        "with gems.use_gems():\n"
        "    for correction in (2, 1, 2):  # ATen warns of the first when it is asked with few elements\n"
        "        torch.std(x, dim=1, correction=correction)\n"
        "print(gems.report()['std.correction'].served)\n"
    ).stdout
    assert int(found) >= 2


@pytest.mark.parametrize("name", ("var", "std", "var_mean"))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float16, torch.bfloat16), ids=str)
def test_variance_beside_a_large_mean(name, dtype, device):
    """The difference of two large sums would keep no digit. In f64 ATen loses some, and no reference is wider."""
    x = values.random((3, 1000), dtype, device) + 100
    fail_with(compared(REDUCTIONS[name], x, (1, False), (0, False)))


@pytest.mark.parametrize("order", (2, 1, 0, 3, 0.5, -1, -2, INFINITY, -INFINITY, 2.0, 1j), ids=str)
def test_orders_and_dtypes_of_norms(order, device):
    found = []
    for dtype, given in itertools.product(FLOAT_DTYPES, (None, torch.float32, torch.float64, torch.float16, torch.int64)):
        x = values.random((3, 7), dtype, device)
        for dim in (1, None, (0, 1)):
            found += row_differences(
                lambda tensor, dim=dim, given=given: torch.linalg.vector_norm(tensor, order, dim, dtype=dtype_here(given)), x,
                given=given, terms=lambda wide, dim=dim: 4 * torch.linalg.vector_norm(wide, order, dim),
            )  # fmt: skip
    fail_with(found)


def test_all_and_any_of_an_empty_list_of_dims_reduce_nothing(device):
    for dtype in (torch.float32, torch.uint8, torch.bool):
        x = values.random((3, 4), torch.uint8, device).to(dtype)
        check_row(lambda tensor: (torch.all(tensor, dim=()), torch.any(tensor, dim=())), x, overloads=("all.dims", "any.dims"))
        check_row(lambda tensor: torch.all(tensor, dim=(0, 1), keepdim=True), x, overloads=("all.dims",))


def test_truth_of_any_byte(device):
    """A bool's byte may hold any value that is not zero."""
    x = torch.tensor([[2, 0, 255], [0, 0, 0]], dtype=torch.uint8, device=device)
    for tensor in (x, x.view(torch.bool)):
        for call in (torch.all, torch.any, torch.count_nonzero, torch.sum):
            check_row(lambda t, call=call: (call(t, dim=1), call(t, dim=0)), tensor)


def test_extremes_over_all_into_out(device):
    x = values.random((40, 50), torch.float32, device)
    for name in ("max", "min"):
        check_row(lambda t, out, name=name: getattr(torch, name)(t, out=out), x, torch.empty((), device=device),
                  overloads=(f"{name}.unary_out",))  # fmt: skip


def test_gradient_of_a_broadcast_operand(device):
    """Sums over the dimensions that an operand was expanded in."""
    x, bias = (torch.randn(shape, device=device, requires_grad=True) for shape in ((64, 33), (33,)))
    check_row(
        lambda a, b: torch.autograd.grad((a * b).sum(), (a, b)), x, bias, overloads=("sum.dim_IntList",),
        terms=lambda a, b: (b.abs().expand_as(a), a.abs().sum(0)),
    )  # fmt: skip


DIFFERENTIABLE = with_dtypes((torch.float32, torch.bfloat16), lambda row: row.differentiable)


@DIFFERENTIABLE
def test_gradients(name, dtype, device):
    row = REDUCTIONS[name]
    found = []
    for dim, keepdim in ((0, False), (-1, True), (None, False)):
        x = (values.random((5, 6), dtype, device) / 4 + 2).requires_grad_()

        def gradient(tensor, dim=dim, keepdim=keepdim):
            results = row.call(tensor, dim, keepdim)
            results = [each for each in (results if isinstance(results, tuple) else (results,)) if each.is_floating_point()]
            seeds = [torch.arange(each.numel(), device=each.device).sub(2).view(each.shape).to(each.dtype) for each in results]
            return torch.autograd.grad(results, tensor, seeds)

        # The gradient of a forward result that was rounded to the dtype: of that result's last digit for each operation.
        epsilons = 3 * torch.finfo(torch.float32).eps
        weight = 4 * torch.finfo(dtype).eps / epsilons * (0 if name in ("sum", "mean", "nansum", "max", "min") else 1)
        found += row_differences(gradient, x, terms=lambda wide: (weight + 1) * _gradient_bound(row, wide, gradient))
    fail_with(found)


def _gradient_bound(row, wide, gradient):
    with torch.enable_grad():
        exact = gradient(wide.detach().requires_grad_())[0]
    return exact.abs() + exact.abs().amax()


@pytest.mark.parametrize("name", [row.name for row in REDUCTIONS.values() if row.differentiable])
def test_second_derivatives(name, device):
    row = REDUCTIONS[name]
    x = (torch.randn(3, 4, dtype=torch.float64, device=device) / 4 + 2).requires_grad_()

    def first(tensor):
        results = row.call(tensor, 1, False)
        return results[0] if isinstance(results, tuple) else results

    with gems.use_gems():
        assert torch.autograd.gradcheck(first, [x])
        assert torch.autograd.gradgradcheck(first, [x])


BATCHES = (1, 2, 7, 256, 10_000)


@with_dtypes((*NARROW, torch.int32))
@pytest.mark.parametrize("length", (5, 33, 1000, 5000))
def test_a_row_has_the_same_bits_among_any_number_of_rows(name, dtype, length, device):
    row = REDUCTIONS[name]
    needs_served(row.of_dims, dtype, device)
    most = BATCHES[-1] if length < 1000 else 300
    x = random((most, length), dtype, device)
    with gems.use_gems():
        for tensor, dim, take in ((x, 1, lambda t, n: t[:n]), (x.t().contiguous(), 0, lambda t, n: t[:, :n])):
            gems.reset_report()
            of_all = row.call(tensor, dim, False)
            if any(each.declined for each in gems.report().values()):
                continue
            of_all = of_all if isinstance(of_all, tuple) else (of_all,)
            for count in [each for each in (BATCHES if dim else counts_across(BATCHES, device)) if each < most]:
                few = row.call(take(tensor, count), dim, False)
                few = few if isinstance(few, tuple) else (few,)
                assert all(same_bits(a, b[:count]) for a, b in zip(few, of_all, strict=True)), f"{count} rows, dim {dim}"


@with_dtypes(NARROW)
def test_calls_that_repeat_give_the_same_bits(name, dtype, device):
    row = REDUCTIONS[name]
    needs_served(row.of_dims, dtype, device)
    x = random((7, 100_003), dtype, device)
    threads = torch.get_num_threads()
    with gems.use_gems():
        for dim in (0, 1, None):
            first = row.call(x, dim, False)
            assert same_bits(first, row.call(x, dim, False))
            torch.set_num_threads(1)
            try:
                assert same_bits(first, row.call(x, dim, False)), "with one thread"
            finally:
                torch.set_num_threads(threads)


FIRST = {row.entry: row for row in reversed(REDUCTIONS.values())}  # of those that share an entry
MOST_SAMPLES = 50


@with_dtypes(where=lambda row: FIRST[row.entry] is row)
def test_sample_inputs(name, dtype, device):
    """PyTorch's own sample and reference calls."""
    row = REDUCTIONS[name]
    found, samples = [], list(opdb.samples([row.entry], device, dtype, 8))
    for label, call, args, kwargs in samples[:: 1 + len(samples) // MOST_SAMPLES]:
        dim = kwargs.get("dim", next((each for each in args[1:] if isinstance(each, (int, tuple, list))), None))
        keepdim = kwargs.get("keepdim", next((each for each in args[1:] if isinstance(each, bool)), False))
        bound = _sample_bound(row, dim, keepdim)
        if "dtype" in kwargs:
            call = _with_dtype_here(call)
        for text in row_differences(call, *args, terms=bound, **kwargs):
            found.append(f"{label}: {text}")
    fail_with(found)


def _with_dtype_here(call):
    return lambda *args, dtype, **kwargs: call(*args, dtype=dtype_here(dtype), **kwargs)


def _sample_bound(row, dim, keepdim):
    """A sample's own sum of absolute values, where it can be said; the rule for rounding applies as far as it can."""
    if row.bound is None:
        return None

    def bound(x, *rest):
        try:
            return row.bound(x, tuple(dim) if isinstance(dim, list) else dim, keepdim)
        except (RuntimeError, TypeError, IndexError):
            return torch.zeros((), dtype=torch.float64)

    return bound


MOST_DIMS = 64  # of a tensor whose values ATen compares


@by_reduction
def test_error_inputs(name, device):
    found = []
    for label, call, args, kwargs in opdb.errors([REDUCTIONS[name].entry], device):
        if max((each.dim() for each in tensors((args, kwargs))), default=0) > MOST_DIMS:
            given = [observe(call, args, kwargs, switch).error for switch in (None, gems.use_gems())]
            found += [f"{label}: ATen {given[0]}, gems {given[1]}"] if given[0] != given[1] else []
        else:
            found += [f"{label}: {text}" for text in row_differences(call, *args, **kwargs)]
    fail_with(found)


ROW_OF_MANY = 2**31 + 40_000
LAYOUTS_OF_MANY = {
    "one row": lambda x: (x, 0),
    "two rows": lambda x: (x.new_zeros(2, len(x)).index_copy_(0, torch.tensor([1], device=x.device), x[None]), 1),
    "every second element": lambda x: (torch.stack([x, torch.zeros_like(x)], dim=1)[:, 0], 0),
    "along columns": lambda x: (x[:, None].expand(-1, 17).contiguous(), 0),
}


@pytest.mark.cuda
@pytest.mark.xdist_group("most of the GPU's memory")
@pytest.mark.parametrize("layout", LAYOUTS_OF_MANY)
def test_rows_of_more_than_two_to_the_31_elements(layout, device):
    """Indices beyond 32 bits: what is at the end of a row is found there, and counts."""
    if torch.cuda.mem_get_info()[0] < 70 * 2**30:
        pytest.skip("needs 70 GiB of free GPU memory")
    x = torch.zeros(ROW_OF_MANY, dtype=torch.int8, device=device)
    x[-3], x[-1], x[5] = 7, 7, -2
    x, dim = LAYOUTS_OF_MANY[layout](x)
    expected = {"argmax": ROW_OF_MANY - 3, "argmin": 5, "amax": 7, "sum.dim_IntList": 12}
    if layout == "along columns":
        del expected["sum.dim_IntList"]  # ATen's, which converts them all to i64
    with gems.use_gems():
        for overload, value in expected.items():
            found = getattr(torch, overload.split(".")[0])(x, dim)
            assert int(found.reshape(-1)[-1]) == value, overload
    assert all(gems.report()[each].served == 1 for each in expected), gems.report()
    del x, found
    torch.cuda.empty_cache()


@pytest.mark.cuda
@pytest.mark.xdist_group("most of the GPU's memory")
def test_softmax_of_more_than_two_to_the_31_elements(device):
    if torch.cuda.mem_get_info()[0] < 24 * 2**30:
        pytest.skip("needs 24 GiB of free GPU memory")
    x = torch.zeros(1, ROW_OF_MANY, dtype=torch.bfloat16, device=device)
    x[0, -1] = 20
    with gems.use_gems():
        result = torch.softmax(x, -1)
    assert gems.report()["_softmax"].served == 1
    total = ROW_OF_MANY - 1 + torch.tensor(20.0, dtype=torch.float64).exp()
    for at, value in ((0, 0.0), (ROW_OF_MANY // 2, 0.0), (ROW_OF_MANY - 2, 0.0), (ROW_OF_MANY - 1, 20.0)):
        expected = torch.tensor(value, dtype=torch.float64).exp() / total
        assert abs(float(result[0, at]) - expected) <= expected * 2**-8
    del x, result
    torch.cuda.empty_cache()
