"""Matrix products whose operands no fast kernel of the library takes: padded on CUDA, where that pays, else ATen's own;
and those with a few vectors, which a rowwise op computes."""

import pytest
import torch

import gems
from agreement import Rule
from oracle import differences, fail_with
from processes import python

NAMES = (
    "addmm",
    "addmm.out",
    "addmm_",
    "addmv",
    "addmv.out",
    "addmv_",
    "baddbmm",
    "baddbmm.out",
    "baddbmm_",
    "bmm",
    "bmm.out",
    "dot",
    "mm",
    "mm.out",
    "vdot",
)
NO_GAIN = "product that padding does not speed up"
HALVES = (torch.bfloat16, torch.float16)
LARGE = 2047  # of a square product that is padded whatever of it is not aligned
measured = pytest.mark.skipif(
    not torch.cuda.is_available() or torch.cuda.get_device_capability() != (9, 0), reason="rates of this device are not known"
)


def named(dtype):
    return str(dtype)[6:]


def matrix(rows, columns, dtype, device, layout="rows"):
    """Scaled such that products are of the size of one."""
    scale = LARGE**-0.25
    if layout == "columns":
        return matrix(columns, rows, dtype, device).t()
    if layout == "slice":
        return matrix(rows, columns + 3, dtype, device)[:, 1 : columns + 1]
    return (torch.randn(rows, columns, device=device) * scale).to(dtype)


def padded(name):
    return gems.report()[name].served


def thin():
    return gems.report()["gems::dot_rows"].served


def near(given, expected, reference):
    """No further from f64 than ATen's own, but for the order of summation."""
    assert given.shape == expected.shape and given.stride() == expected.stride() and given.dtype == expected.dtype
    worst = (expected.double() - reference).abs().max().item()
    bound = 1.5 * worst + torch.finfo(given.dtype).eps * reference.abs().max().item() / 4
    assert (given.double() - reference).abs().max().item() <= bound


def test_products_can_be_switched_by_name():
    assert set(NAMES) <= set(gems.all_ops())
    with gems.use_gems("mm"):
        assert gems.is_enabled("mm") and not gems.is_enabled("addmm")


def test_products_on_the_cpu_are_atens(device):
    if device != "cpu":
        pytest.skip("of the CPU")
    a, b = torch.randn(2, 65, 65)
    with gems.use_gems():
        assert torch.equal(a @ b, torch.mm(a, b))
    assert gems.report()["mm"].calls == 0


def test_thin_products_on_the_cpu_are_atens(device):
    if device != "cpu":
        pytest.skip("of the CPU")
    x, w = torch.randn(2, 64), torch.randn(32, 64)
    with gems.use_gems():
        assert torch.equal(torch.nn.functional.linear(x, w), torch.mm(x, w.t()))
        torch.mv(w, x[0])
    assert thin() == 0 and gems.report()["addmv"].calls == 0


@pytest.mark.parametrize("dtype", (*HALVES, torch.float32), ids=named)
@pytest.mark.parametrize("few", (1, 3, 8))
@pytest.mark.parametrize("k", (64, 1000, 4099))
def test_dot_rows_is_a_product(k, few, dtype, device):
    x, w = matrix(few, k, dtype, device), matrix(37, k, dtype, device)
    added = torch.randn(37, device=device).to(dtype)
    given = torch.ops.gems.dot_rows(x[:, None], w[None], added.expand(few, 37), 0.5, 2.0)
    near(given, torch.addmm(added, x, w.t(), beta=0.5, alpha=2), 0.5 * added.double() + 2 * (x.double() @ w.double().t()))


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", HALVES, ids=named)
@pytest.mark.parametrize("few", range(1, 9))
@pytest.mark.parametrize("sizes", [(64, 9), (768, 50257), (4096, 1000), (2056, 77)], ids=str)
def test_products_with_a_few_vectors_are_thin(sizes, few, dtype, device):
    k, n = sizes
    x, w = matrix(few, k, dtype, device), matrix(n, k, dtype, device)
    bias = matrix(1, n, dtype, device)[0]
    reference = x.double() @ w.double().t()
    linear = torch.nn.functional.linear
    expected = (torch.mm(x, w.t()), linear(x, w, bias), torch.mm(w, x.t()), torch.mv(w, x[0]))
    torch.full((64 << 20,), float("nan"), device=device)  # what the allocator gives again
    with gems.use_gems():
        given = (torch.mm(x, w.t()), linear(x, w, bias), torch.mm(w, x.t()), torch.mv(w, x[0]))
    assert thin() == 4
    references = reference, reference + bias.double(), reference.t(), reference[0]
    for one, other, exact in zip(given, expected, references, strict=True):
        near(one, other, exact)
    # A vector has the same bits alone.
    with gems.use_gems():
        assert torch.equal(torch.mm(x[:1], w.t()), given[0][:1])


@pytest.mark.cuda
@pytest.mark.parametrize("form", ("functional", "out", "in place"))
@pytest.mark.parametrize("beta", (0, 1, 0.5))
@pytest.mark.parametrize("name", ("addmm", "addmv"))
def test_thin_products_take_beta_alpha_and_a_given_result(name, beta, form, device):
    x, w = matrix(4, 512, torch.bfloat16, device), matrix(96, 512, torch.bfloat16, device)
    a, b = (w, x[0]) if name == "addmv" else (x, w.t())
    added = matrix(4, 96, torch.bfloat16, device)
    if name == "addmv":
        added = added[0].clone()
    if beta == 0:
        added.fill_(float("nan"))
    call = getattr(torch, name)
    expected = call(added, a, b, beta=beta, alpha=3)
    reference = 3 * (a.double() @ b.double()) + (beta * added.double() if beta else 0)
    with gems.use_gems():
        if form == "functional":
            given = call(added, a, b, beta=beta, alpha=3)
        elif form == "out":
            given = call(added, a, b, beta=beta, alpha=3, out=torch.empty_like(expected))
        else:
            given = getattr(added, name + "_")(a, b, beta=beta, alpha=3)
    assert thin() == 1
    near(given, expected, reference)


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", HALVES, ids=named)
@pytest.mark.parametrize("few", (1, 3, 8))
@pytest.mark.parametrize("sizes", [(96, 128, 9), (3, 256, 1000), (2, 4096, 77)], ids=str)
def test_batches_of_thin_products(sizes, few, dtype, device):
    batch, k, n = sizes
    x, w = (torch.stack([matrix(rows, k, dtype, device) for _ in range(batch)]) for rows in (few, n))
    added = torch.randn(batch, 1, n, device=device).to(dtype)
    reference = x.double() @ w.double().mT
    calls = (
        (lambda: torch.bmm(x, w.mT), reference),
        (lambda: x.unflatten(0, (1, batch)) @ w.unflatten(0, (1, batch)).mT, reference[None]),
        (lambda: torch.bmm(w, x.mT), reference.mT),
        (lambda: torch.bmm(x, w.mT, out=torch.empty(batch, few, n, device=device, dtype=dtype)), reference),
        (lambda: torch.baddbmm(added, x, w.mT, beta=0.5, alpha=2), 0.5 * added.double() + 2 * reference),
        (lambda: added.expand(-1, few, -1).clone().baddbmm_(x, w.mT), added.double() + reference),
    )
    expected = [call() for call, _ in calls]
    with gems.use_gems():
        given = [call() for call, _ in calls]
    assert thin() == len(calls)
    for one, other, (_, exact) in zip(given, expected, calls, strict=True):
        near(one, other, exact)
    # A pair has the same bits alone.
    with gems.use_gems():
        assert torch.equal(torch.mm(x[1], w[1].t()), given[0][1])


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", (*HALVES, torch.float32, torch.float64), ids=named)
@pytest.mark.parametrize("name", ("dot", "vdot"))
@pytest.mark.parametrize("length", (0, 1, 77, 4096, 16385, 1 << 21))
def test_products_of_vectors_are_one_row(length, name, dtype, device):
    x, y = ((torch.randn(length, device=device) * max(length, 1) ** -0.25).to(dtype) for _ in range(2))
    call = getattr(torch, name)
    for a, b in ((x, y), (x[::2], y[: len(x[::2])])):
        expected, reference = call(a, b), (a.double() * b.double()).sum()
        with gems.use_gems():
            given = call(a, b)
        assert gems.report()[name].served > 0
        assert (given.shape, given.dtype) == (expected.shape, expected.dtype)
        # Sums in f32 or f64, rounded once.
        of_sums = 2.0**-48 if dtype == torch.float64 else 2.0**-20
        terms = (a.double() * b.double()).abs().sum()
        assert (given.double() - reference).abs() <= torch.finfo(dtype).eps / 2 * reference.abs() + of_sums * terms


@pytest.mark.cuda
@pytest.mark.parametrize("name", ("dot", "vdot"))
@pytest.mark.parametrize(
    "make",
    (
        lambda x: (x, x[:5]),
        lambda x: (x, x[:1]),
        lambda x: (x, x.double()),
        lambda x: (x.view(2, -1), x.view(2, -1)),
        lambda x: (x[0], x[0]),
        lambda x: (x.long(), x.long()),
        lambda x: (x.to(torch.complex64), x.to(torch.complex64)),
        lambda x: (x, x.cpu()),
    ),
    ids=("lengths", "one", "dtypes", "matrices", "numbers", "integers", "complex", "devices"),
)
def test_what_is_no_product_of_real_vectors_is_atens(make, name, device):
    fail_with(differences(getattr(torch, name), make(torch.randn(8, device=device)), {}, rule=Rule(exact=True)))
    assert gems.report()[name].served == 0 and gems.report()[name].calls > 0


@pytest.mark.cuda
def test_what_is_not_finite_in_a_product_of_vectors(device):
    x, y = torch.ones(2, 40000, device=device)
    for values, expected in (({7: float("nan")}, "nan"), ({9: float("inf")}, "inf"), ({9: float("inf"), 20000: float("-inf")}, "nan")):
        changed = x.clone()
        for at, value in values.items():
            changed[at] = value
        with gems.use_gems():
            assert str(torch.dot(changed, y).item()) == expected
    assert gems.report()["dot"].served == 3


@pytest.mark.cuda
def test_gradients_reach_the_vectors_of_a_product(device):
    x, y = torch.randn(2, 4096, device=device, requires_grad=True).unbind()
    expected = torch.autograd.grad(torch.dot(x, y), (x, y))
    with gems.use_gems():
        given = torch.autograd.grad(torch.dot(x, y), (x, y))
    assert gems.report()["dot"].served == 1
    for one, other in zip(given, expected, strict=True):
        assert torch.equal(one, other)


@pytest.mark.cuda
def test_what_is_not_finite_in_a_thin_product_stays_in_its_row_and_column(device):
    x, w = matrix(3, 512, torch.bfloat16, device), matrix(21, 512, torch.bfloat16, device)
    x[1, 7], w[4, 9], w[20] = float("nan"), float("inf"), float("-inf")
    expected = torch.mm(x, w.t())
    with gems.use_gems():
        given = torch.mm(x, w.t())
    assert thin() == 1
    assert torch.equal(given.isfinite(), expected.isfinite()) and torch.equal(given.isnan(), expected.isnan())


@pytest.mark.cuda
def test_gradients_reach_the_operands_of_a_thin_product(device):
    layer = torch.nn.Linear(512, 96, device=device, dtype=torch.bfloat16)
    x = torch.randn(4, 512, device=device, dtype=torch.bfloat16, requires_grad=True)
    grad = torch.randn(4, 96, device=device, dtype=torch.bfloat16)
    expected = torch.autograd.grad(layer(x), (x, layer.weight, layer.bias), grad)
    with gems.use_gems():
        given = torch.autograd.grad(layer(x), (x, layer.weight, layer.bias), grad)
    assert thin() == 1
    for one, other in zip(given, expected, strict=True):
        assert torch.allclose(one, other)


@pytest.mark.cuda
def test_products_with_more_or_other_vectors_are_passed_on(device):
    x, w = matrix(9, 512, torch.bfloat16, device), matrix(96, 512, torch.bfloat16, device)
    with gems.use_gems():
        torch.mm(x, w.t())
        torch.mm(x[:2, :96].contiguous(), w)  # the columns of w are not contiguous
        torch.mm(x[:2, 1:].contiguous(), w[:, 1:].t())  # rows are not aligned
        torch.mm(x[:2].double(), w.t().double())
    assert thin() == 0
    assert gems.report()["mm"].declined == {NO_GAIN: 3, "dtype": 1}


@pytest.mark.cuda
@measured
@pytest.mark.parametrize("dtype", HALVES, ids=named)
@pytest.mark.parametrize(
    "layouts", [("rows", "rows"), ("rows", "columns"), ("columns", "rows"), ("slice", "slice")], ids="-".join
)
@pytest.mark.parametrize("sizes", [(2047, 2047, 2047), (2048, 2047, 2048), (2047, 2048, 2047), (2048, 4094, 2052)], ids=str)
def test_large_products_are_padded(sizes, layouts, dtype, device):
    m, k, n = sizes
    a, b = matrix(m, k, dtype, device, layouts[0]), matrix(k, n, dtype, device, layouts[1])
    expected = torch.mm(a, b)
    with gems.use_gems():
        given = torch.mm(a, b)
    row = gems.report()["mm"]
    # Of columns times rows, k is contiguous in neither.
    aligned = layouts == ("columns", "rows") and not any(size % 8 for size in (m, n))
    assert row.served == (not aligned), row
    near(given, expected, a.double() @ b.double())


@pytest.mark.cuda
@measured
@pytest.mark.parametrize("form", ("functional", "out", "in place"))
@pytest.mark.parametrize("addend", ("row", "column", "matrix", "number"))
def test_addmm(addend, form, device):
    sizes = {"row": (LARGE,), "column": (LARGE, 1), "matrix": (LARGE, LARGE), "number": ()}[addend]
    if form == "in place" and addend != "matrix":
        pytest.skip("the addend is the result")
    a, b = (matrix(LARGE, LARGE, torch.bfloat16, device) for _ in range(2))
    c = torch.randn(sizes, device=device, dtype=torch.bfloat16)
    reference = 0.5 * c.double() + 2 * (a.double() @ b.double())
    expected = torch.addmm(c, a, b, beta=0.5, alpha=2)
    with gems.use_gems():
        if form == "functional":
            given = torch.addmm(c, a, b, beta=0.5, alpha=2)
        elif form == "out":
            given = torch.addmm(c, a, b, beta=0.5, alpha=2, out=torch.empty_like(expected))
        else:
            given = c.addmm_(a, b, beta=0.5, alpha=2)
    assert padded({"functional": "addmm", "out": "addmm.out", "in place": "addmm_"}[form]) == 1
    near(given, expected, reference)


@pytest.mark.cuda
@measured
def test_batches(device):
    a, b = (torch.stack([matrix(1023, 2047, torch.bfloat16, device)] * 2) for _ in range(2))
    shared = matrix(1023, 2047, torch.bfloat16, device).expand(2, -1, -1)
    added = torch.randn(2, 1, 1023, device=device).bfloat16()
    for x, y in ((a, b.mT), (shared, b.mT), (a.mT, b)):
        expected, reference = torch.bmm(x, y), x.double() @ y.double()
        sum_expected = torch.baddbmm(added, x, y) if expected.shape[-1] == 1023 else None
        out = torch.empty_like(expected)
        with gems.use_gems():
            near(torch.bmm(x, y), expected, reference)
            near(torch.bmm(x, y, out=out), expected, reference)
            if sum_expected is not None:
                near(torch.baddbmm(added, x, y), sum_expected, added.double() + reference)
    assert (padded("bmm"), padded("bmm.out"), padded("baddbmm")) == (3, 3, 2)


@pytest.mark.cuda
@measured
def test_f32_is_padded_where_tf32_is_allowed(device):
    a, b = (matrix(4095, 4095, torch.float32, device) for _ in range(2))
    before = torch.backends.cuda.matmul.allow_tf32
    try:
        for allowed in (False, True):
            torch.backends.cuda.matmul.allow_tf32 = allowed
            expected = torch.mm(a, b)
            with gems.use_gems():
                given = torch.mm(a, b)
            assert padded("mm") == allowed
            near(given, expected, a.double() @ b.double())
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


@pytest.mark.cuda
@measured
def test_what_is_not_finite_stays_in_its_row_and_column(device):
    a, b = (matrix(LARGE, LARGE, torch.bfloat16, device) for _ in range(2))
    a[3] = float("inf")
    a[5, -1] = float("nan")
    b[:, -1] = float("-inf")
    torch.full((64 << 20,), float("nan"), device=device)  # what the allocator gives again
    expected = torch.mm(a, b)
    with gems.use_gems():
        given = torch.mm(a, b)
    assert padded("mm") == 1
    assert torch.equal(given.isfinite(), expected.isfinite()) and torch.equal(given.isnan(), expected.isnan())


@pytest.mark.cuda
@measured
def test_a_linear_layer_and_its_gradients(device):
    layer = torch.nn.Linear(1023, 4095, device=device, dtype=torch.bfloat16)
    x = torch.randn(4096, 1023, device=device, dtype=torch.bfloat16, requires_grad=True)
    grad = torch.randn(4096, 4095, device=device, dtype=torch.bfloat16)
    expected = torch.autograd.grad(layer(x), (x, layer.weight), grad)
    with gems.use_gems():
        given = torch.autograd.grad(layer(x), (x, layer.weight), grad)
    assert padded("addmm") == 1 and padded("mm") == 2
    near(given[0], expected[0], grad.double() @ layer.weight.detach().double())
    near(given[1], expected[1], grad.double().t() @ x.detach().double())


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda x: torch.mm(x[:2048, :2048].contiguous(), x[:2048, :2048].contiguous()), NO_GAIN),
        (lambda x: torch.mm(x[:63, :63], x[:63, :63]), NO_GAIN),
        (lambda x: torch.mm(x, x[:, :1]), NO_GAIN),
        (lambda x: torch.mm(x[:0], x), NO_GAIN),
        (lambda x: torch.mm(x.double(), x.double()), "dtype"),
        (lambda x: torch.mm(x, x, out=torch.empty(0, device=x.device, dtype=x.dtype)), "out has another shape"),
        (lambda x: torch.mm(x, x[:5]), "ATen raises"),
    ],
    ids=("aligned", "small", "vector", "empty", "dtype", "resized", "wrong"),
)
def test_what_is_passed_on(call, reason, device):
    x = matrix(2049, 2049, torch.bfloat16, device)
    fail_with(differences(call, (x,), {}, rule=Rule(exact=True)))
    name = "mm.out" if reason.startswith("out") else "mm"
    assert set(gems.report()[name].declined) == {reason}


@pytest.mark.cuda
@measured
def test_streams_and_graphs(device):
    a, b = (matrix(LARGE, LARGE, torch.bfloat16, device) for _ in range(2))
    stream = torch.cuda.Stream()
    with gems.use_gems():
        expected = torch.mm(a, b)
        torch.cuda.synchronize()
        with torch.cuda.stream(stream):
            torch.cuda._sleep(20_000_000)
            delayed = a + 0
            given = torch.mm(delayed, b)
        stream.synchronize()
        assert torch.equal(given, expected)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            given = torch.mm(a, b)
        a.copy_(matrix(LARGE, LARGE, torch.bfloat16, device))
        graph.replay()
        assert torch.equal(given, torch.mm(a, b))
    assert padded("mm") == 4


@pytest.mark.cuda
@measured
def test_a_first_call_during_graph_capture_is_atens():
    code = """
import torch, gems
a = torch.randn(2047, 2047, device="cuda", dtype=torch.bfloat16)
torch.mm(a, a)
torch.cuda.synchronize()
graph = torch.cuda.CUDAGraph()
with gems.use_gems(), torch.cuda.graph(graph):
    given = torch.mm(a, a)
graph.replay()
print(torch.equal(given, torch.mm(a, a)), gems.report()["mm"].declined)
"""
    result = python(code)
    assert result.stdout.startswith("True {'first call of its kind during graph capture': 1}"), result.stdout + result.stderr
