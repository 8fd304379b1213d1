"""nll_loss and cross_entropy: reductions, class weights, ignored and wrong targets, shapes, gradients, out=, refusals."""

import itertools

import pytest
import torch
import torch.nn.functional as F

import gems
import opdb
import values
from oracle import fail_with
from reductions import FLOAT_DTYPES
from row_check import check_row, needs_served, row_differences, same_bits

ATEN = torch.ops.aten
NONE, MEAN, SUM = 0, 1, 2
REDUCTIONS = (NONE, MEAN, SUM)
IGNORED = -100
NARROW = (torch.float32, torch.bfloat16)

by_dtype = pytest.mark.parametrize("dtype", FLOAT_DTYPES, ids=str)
by_reduction = pytest.mark.parametrize("reduction", REDUCTIONS, ids=("none", "mean", "sum"))
by_weight = pytest.mark.parametrize("has_weight", (True, False), ids=("weight", "no weight"))


def targets(rows, classes, device, ignored=(), kind=torch.int64):
    drawn = torch.randint(0, classes, (rows,), device=device)
    for each in ignored:
        drawn[each] = IGNORED
    return drawn.to(kind)


def forward_differences(x, target, weight, reduction, ignored=IGNORED, may_decline=()):
    def terms(x, target, weight):
        rows = x if x.dim() == 2 else x[None]
        size = rows.abs().amax(1) if rows.shape[1] else rows.sum(1)
        heaviest = 1 if weight is None else weight.abs().amax()
        bound = heaviest * size if reduction == NONE else (heaviest * size).sum()
        # A mean is no larger than its largest term times the heaviest class over the lightest.
        total = heaviest * torch.tensor(float(len(rows)))
        return bound.view(target.shape) if reduction == NONE and x.dim() == 2 else bound.sum(), total

    return row_differences(
        lambda x, target, weight: ATEN.nll_loss_forward(x, target, weight, reduction, ignored), x, target, weight,
        overloads=("nll_loss_forward",), terms=terms, may_decline=may_decline,
    )  # fmt: skip


def backward_differences(x, target, weight, reduction, ignored=IGNORED):
    output, total = ATEN.nll_loss_forward(x, target, weight, reduction, ignored)
    return row_differences(
        lambda grad, x, target, weight, total: ATEN.nll_loss_backward(grad, x, target, weight, reduction, ignored, total),
        values.random(tuple(output.shape), x.dtype, x.device), x, target, weight, total, overloads=("nll_loss_backward",),
    )  # fmt: skip


@by_dtype
@by_reduction
@by_weight
def test_nll_loss(dtype, reduction, has_weight, device):
    found = []
    for rows, classes in ((1, 1), (4, 3), (33, 130), (300, 10), (3, 5000)):
        x = values.random((rows, classes), dtype, device)
        weight = values.random((classes,), dtype, device).abs() + 0.5 if has_weight else None
        for ignored in ((), (0,), range(rows)):
            target = targets(rows, classes, device, ignored)
            for tensor in (x, x.t().contiguous().t()):
                found += forward_differences(tensor, target, weight, reduction)
                found += backward_differences(tensor, target, weight, reduction)
    fail_with(found)


@by_dtype
@by_reduction
def test_operands_with_gaps(dtype, reduction, device):
    x, weight = values.random((20, 12_000), dtype, device)[::2, ::2], values.random((12_000,), dtype, device).abs()[::2] + 0.5
    target = targets(20, 6000, device, (2,))[::2]
    fail_with(forward_differences(x, target, weight, reduction) + backward_differences(x, target, weight, reduction))


@by_reduction
def test_more_rows_than_a_block_adds_up(reduction, device):
    for dtype in NARROW:
        x, target = values.random((40_000, 3), dtype, device), targets(40_000, 3, device, (0, 39_999))
        found = forward_differences(x, target, None, reduction) + backward_differences(x, target, None, reduction)
        fail_with(found)


@by_reduction
@pytest.mark.parametrize("kind", (torch.int64, torch.uint8), ids=str)
def test_kinds_of_targets(reduction, kind, device):
    x = values.random((12, 20), torch.float32, device)
    target = targets(12, 20, device, kind=kind)
    fail_with(forward_differences(x, target, None, reduction) + backward_differences(x, target, None, reduction))
    # A class that is ignored, and one that no class has.
    for ignored in (3, 0, 255, -1):
        found = forward_differences(x, target, None, reduction, ignored)
        fail_with(found + backward_differences(x, target, None, reduction, ignored))


@by_reduction
def test_one_row_and_no_rows(reduction, device):
    for dtype in NARROW:
        x = values.random((5,), dtype, device)
        # ATen's mean of one ignored loss is another on CUDA.
        may_decline = ("arguments",) if device == "cuda" and reduction == MEAN else ()
        found = forward_differences(x, torch.tensor(2, device=device), None, reduction, may_decline=may_decline)
        ignored = torch.tensor(IGNORED, device=device)
        found += forward_differences(x, ignored, None, reduction, may_decline=may_decline)
        found += backward_differences(x, ignored, None, reduction)
        # One target with a dimension is refused by newer versions of ATen.
        found += forward_differences(x, torch.tensor([2], device=device), None, reduction, may_decline=("arguments",))
        found += backward_differences(x, torch.tensor(2, device=device), None, reduction)
        empty, no_target = torch.empty((0, 5), dtype=dtype, device=device), targets(0, 5, device)
        found += forward_differences(empty, no_target, None, reduction) + backward_differences(empty, no_target, None, reduction)
        no_class = torch.empty((2, 0), dtype=dtype, device=device)
        found += forward_differences(no_class, torch.tensor([IGNORED, IGNORED], device=device), None, reduction)
        fail_with(found)


@by_reduction
def test_weights_of_zero_and_special_values(reduction, device):
    for dtype in NARROW:
        x, target = values.random((6, 5), dtype, device), torch.tensor([0, 1, 2, 3, 4, 0], device=device)
        found = forward_differences(x, target, torch.zeros(5, dtype=dtype, device=device), reduction)
        for special in (float("nan"), float("inf"), float("-inf")):
            marked = x.clone()
            marked[2, 2] = special
            marked[3, 0] = special  # not a target
            found += forward_differences(marked, target, None, reduction) + backward_differences(marked, target, None, reduction)
        fail_with(found)


@by_reduction
@pytest.mark.parametrize("wrong", (5, -1, 100, 2**40), ids=str)
def test_targets_out_of_range(reduction, wrong, device):
    if device == "cuda":
        pytest.skip("an assertion on the device ends the process")
    x, target = values.random((4, 5), torch.float32, device), torch.tensor([0, 1, wrong, 2])
    fail_with(forward_differences(x, target, None, reduction))
    fail_with(forward_differences(x, target, torch.ones(5), reduction))
    if reduction != NONE:  # there ATen does not look, and writes beyond the tensor
        check_row(lambda g, x, t, total: ATEN.nll_loss_backward(g, x, t, None, reduction, IGNORED, total), torch.ones(()), x,
                  target, torch.tensor(4.0))  # fmt: skip


REFUSED = {
    "kind of target": lambda x, t, w: F.nll_loss(x, t.int()),
    "float target": lambda x, t, w: ATEN.nll_loss_forward(x, t.float(), None, MEAN, IGNORED),
    "number of targets": lambda x, t, w: F.nll_loss(x, t[:2]),
    "targets with two dimensions": lambda x, t, w: ATEN.nll_loss_forward(x, t[None], None, MEAN, IGNORED),
    "no dimensions": lambda x, t, w: ATEN.nll_loss_forward(x[0, 0], t[0], None, MEAN, IGNORED),
    "three dimensions": lambda x, t, w: ATEN.nll_loss_forward(x[None], t, None, MEAN, IGNORED),
    "number of weights": lambda x, t, w: F.nll_loss(x, t, w[:3]),
    "weights with two dimensions": lambda x, t, w: F.nll_loss(x, t, w[None]),
    "dtype of the weights": lambda x, t, w: F.nll_loss(x, t, w.double()),
    "integers": lambda x, t, w: ATEN.nll_loss_forward(x.int(), t, None, MEAN, IGNORED),
    "shape of the gradient": lambda x, t, w: ATEN.nll_loss_backward(w[:3], x, t, None, NONE, IGNORED, w[0]),
    "several gradients of a mean": lambda x, t, w: ATEN.nll_loss_backward(w[:2], x, t, None, MEAN, IGNORED, w[0]),
    "several total weights": lambda x, t, w: ATEN.nll_loss_backward(w[0], x, t, None, MEAN, IGNORED, w[:2]),
    "label smoothing": lambda x, t, w: F.cross_entropy(x, t, label_smoothing=1.5),
    "ignored among probabilities": lambda x, t, w: F.cross_entropy(x, torch.softmax(x, 1), ignore_index=0),
    "name of the reduction": lambda x, t, w: F.cross_entropy(x, t, reduction="median"),
    "shape of probabilities": lambda x, t, w: F.cross_entropy(x, x[:, :3]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, device):
    x, weight = values.random((4, 5), torch.float32, device), torch.ones(5, device=device)
    check_row(REFUSED[name], x, torch.tensor([0, 1, 4, 2], device=device), weight)


OUTS = {
    "same": lambda like: torch.empty_like(like),
    "no elements": lambda like: like.new_empty(0),
    "wrong shape": lambda like: like.new_ones(3, 2),
    "wider": lambda like: torch.ones_like(like, dtype=torch.float64),
    "transposed": lambda like: like.new_ones(like.shape[::-1]).permute(tuple(reversed(range(like.dim())))),
}


@pytest.mark.parametrize("out", OUTS)
@by_reduction
def test_out(out, reduction, device):
    x, target = values.random((6, 5), torch.float32, device), targets(6, 5, device)
    output, total = ATEN.nll_loss_forward(x, target, None, reduction, IGNORED)
    may_decline = ("out has another shape",)
    check_row(
        lambda x, target, o, t: ATEN.nll_loss_forward.output(x, target, None, reduction, IGNORED, output=o, total_weight=t), x,
        target, OUTS[out](output), torch.empty_like(total), overloads=("nll_loss_forward.output",), may_decline=may_decline,
        terms=lambda x, *rest: (x.abs().sum() + torch.zeros(output.shape), torch.zeros(())),
    )  # fmt: skip
    check_row(
        lambda g, x, target, t, o: ATEN.nll_loss_backward.grad_input(g, x, target, None, reduction, IGNORED, t, grad_input=o),
        torch.ones_like(output), x, target, total, OUTS[out](x), overloads=("nll_loss_backward.grad_input",),
        may_decline=may_decline,
    )  # fmt: skip


CALLS = {
    "mean": {},
    "sum": {"reduction": "sum"},
    "none": {"reduction": "none"},
    "smoothed": {"label_smoothing": 0.1},
    "smoothed, none": {"label_smoothing": 0.1, "reduction": "none"},
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
@by_weight
def test_cross_entropy_and_its_gradient(name, dtype, has_weight, device):
    x = values.random((7, 130), dtype, device).requires_grad_()
    target = targets(7, 130, device, ignored=(3,))
    weight = values.random((130,), dtype, device).abs() + 0.5 if has_weight else None

    def call(x, target, weight):
        loss = F.cross_entropy(x, target, weight, **CALLS[name])
        return loss.detach(), torch.autograd.grad(loss.sum(), x)[0]

    def terms(x, target, weight):
        size = x.detach().abs().amax() * 2 + 10
        heaviest = 1 if weight is None else weight.amax()
        largest = size * heaviest * (7 if name == "sum" else 1)
        losses = torch.full((7,) if "none" in name else (), float(largest), dtype=torch.float64)
        return losses, heaviest * size * (torch.softmax(x.detach(), 1) + 1e-2)

    check_row(
        call, x, target, weight, terms=terms,
        overloads=("_log_softmax", "_log_softmax_backward_data", "nll_loss_forward", "nll_loss_backward"),
    )  # fmt: skip


@pytest.mark.parametrize("shape", ((2, 5, 7), (2, 5, 3, 4), (5,), (2, 5, 0)), ids=str)
def test_cross_entropy_of_other_ranks(shape, device):
    x = values.random(shape, torch.float32, device)
    target = torch.zeros((shape[0], *shape[2:]) if len(shape) > 1 else (), dtype=torch.int64, device=device)
    for reduction in ("none", "mean", "sum"):
        check_row(lambda x, t, reduction=reduction: F.cross_entropy(x, t, reduction=reduction), x, target,
                  terms=lambda x, t: torch.full(t.shape if reduction == "none" else (), 10.0 * max(1, t.numel())))  # fmt: skip


@by_weight
def test_cross_entropy_with_probabilities(has_weight, device):
    x = values.random((7, 13), torch.float32, device)
    weight = torch.rand(13, device=device) if has_weight else None
    for reduction in ("none", "mean", "sum"):
        check_row(lambda x, w, reduction=reduction: F.cross_entropy(x, torch.softmax(x, 1), w, reduction=reduction), x, weight,
                  terms=lambda x, w: torch.full((7,) if reduction == "none" else (), 100.0))  # fmt: skip


def test_second_derivatives(device):
    x = torch.randn(4, 5, dtype=torch.float64, device=device, requires_grad=True)
    target = torch.tensor([0, 4, IGNORED, 2], device=device)
    with gems.use_gems():
        for reduction in ("mean", "sum", "none"):
            call = lambda x, reduction=reduction: F.cross_entropy(x, target, reduction=reduction)  # noqa: E731
            assert torch.autograd.gradcheck(call, [x])
            assert torch.autograd.gradgradcheck(call, [x])


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_losses_that_repeat_have_the_same_bits(dtype, device):
    needs_served("nll_loss_forward", dtype, device)
    x, target = values.random((5000, 130), dtype, device), targets(5000, 130, device)
    with gems.use_gems():
        for reduction, count in itertools.product(REDUCTIONS, (1, 7, 5000)):
            calls = [ATEN.nll_loss_forward(x[:count], target[:count], None, reduction, IGNORED) for _ in range(3)]
            assert all(same_bits(a, b) for each in calls[1:] for a, b in zip(calls[0], each, strict=True))


@pytest.mark.parametrize("name", ("nn.functional.nll_loss", "nn.functional.cross_entropy"))
@by_dtype
def test_sample_inputs(name, dtype, device):
    found = []
    for label, call, args, kwargs in opdb.samples([(name, "")], device, dtype, 20):
        # The operands are at most 9, the losses sums of some hundred terms, each of which ATen rounds to the dtype.
        size = max(200.0, 4 * torch.finfo(dtype).eps / torch.finfo(torch.float32).eps)
        largest = torch.full(call(*args, **kwargs).shape, size, dtype=torch.float64)
        given = row_differences(call, *args, terms=lambda *operands, largest=largest: largest, **kwargs)
        found += [f"{label}: {text}" for text in given]
    fail_with(found)
