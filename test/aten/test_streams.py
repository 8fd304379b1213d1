"""CUDA only: streams, graph capture, devices, CPU scalars beside CUDA tensors, and more than 2^31 elements."""

import warnings

import pytest
import torch

import gems
from oracle import assert_served, check

pytestmark = pytest.mark.cuda


def chain(x, y):
    return torch.sigmoid(x + y) * x


def test_calls_run_on_the_current_stream(device):
    """A kernel on another stream than the current one would read x before the slow fill has written it."""
    stream = torch.cuda.Stream()
    x = torch.zeros(1 << 24, device=device)
    torch.cuda.synchronize()
    with torch.cuda.stream(stream), gems.use_gems():
        torch.cuda._sleep(50_000_000)
        x.fill_(3)
        result = x + x
    stream.synchronize()
    assert bool((result == 6).all())
    assert_served(gems.report(), "add.Tensor")


def test_many_streams_at_once(device):
    streams = [torch.cuda.Stream() for _ in range(6)]
    inputs = [torch.randn(100_000 + index, device=device) for index in range(6)]
    torch.cuda.synchronize()
    results = []
    with gems.use_gems():
        for stream, x in zip(streams, inputs, strict=True):
            with torch.cuda.stream(stream):
                results.append(chain(x, x))
    torch.cuda.synchronize()
    for x, result in zip(inputs, results, strict=True):
        torch.testing.assert_close(result, chain(x, x))


def captured(x, y):
    graph = torch.cuda.CUDAGraph()
    with gems.use_gems(), torch.cuda.graph(graph):
        result = chain(x, y)
    return graph, result


def test_warm_graph_capture_replays_our_kernels(device):
    x, y = torch.randn(2, 5000, device=device)
    with gems.use_gems():
        chain(x, y)
    torch.cuda.synchronize()
    gems.reset_report()
    graph, result = captured(x, y)
    assert_served(gems.report(), "add.Tensor", "sigmoid", "mul.Tensor")
    for _ in range(3):
        x.normal_()
        graph.replay()
        torch.cuda.synchronize()
        torch.testing.assert_close(result, chain(x, y))


def test_cold_graph_capture_leaves_the_call_to_aten(device):
    """Nothing may be compiled or loaded during a capture: ATen's kernel is captured, counted, with one warning."""
    x, y = (torch.randn(30, 40, device=device, dtype=torch.float64).as_strided((10, 20), (80, 2)) for _ in range(2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        graph = torch.cuda.CUDAGraph()
        with gems.use_gems(), torch.cuda.graph(graph):
            result = torch.erf(torch.cos(x) - y)
    rows = gems.report()
    assert any("captur" in reason for name in ("cos", "erf") for reason in rows[name].declined), str(rows)
    assert sum("captur" in str(each.message) for each in caught) >= 1, "the warning that says how to warm up"
    x.normal_()
    graph.replay()
    torch.cuda.synchronize()
    torch.testing.assert_close(result, torch.erf(torch.cos(x) - y))


def test_graph_of_a_training_step(device):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.GELU(), torch.nn.Linear(64, 8)).to(device)
    x = torch.randn(16, 32, device=device)

    def step():
        network.zero_grad(set_to_none=False)
        network(x).square().mean().backward()

    with gems.use_gems():
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
    x.normal_()
    graph.replay()
    torch.cuda.synchronize()
    given = [parameter.grad.clone() for parameter in network.parameters()]
    step()
    for have, want in zip(given, network.parameters(), strict=True):
        torch.testing.assert_close(have, want.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ("add", "mul", "div", "where", "maximum", "eq", "pow"))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float16, torch.int64), ids=lambda dtype: str(dtype)[6:])
def test_cpu_scalar_beside_cuda_tensors(name, dtype, device):
    x = torch.arange(1, 90, device=device).to(dtype)
    for number in (torch.tensor(3), torch.tensor(2.5), torch.tensor(2.5, dtype=torch.float64), torch.tensor(True)):
        operands = [(x, number), (number, x)]
        for pair in operands:
            call = torch.where if name == "where" else getattr(torch, name)
            # maximum, and a number in the first place of some operators, are refused by ATen: then the errors agree.
            check(call, *((x > 4, *pair) if name == "where" else pair))


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two devices")
def test_device_that_is_not_current():
    x, y = torch.randn(2, 1000, device="cuda:1")
    with torch.cuda.device(0):
        check(chain, x, y, served_by=frozenset({"add", "sigmoid", "mul"}))
        assert torch.cuda.current_device() == 0


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two devices")
def test_operands_on_two_devices_are_refused():
    check(torch.add, torch.ones(4, device="cuda:0"), torch.ones(4, device="cuda:1"))


def test_host_tensors_on_a_machine_with_cuda():
    check(chain, torch.randn(50), torch.randn(50), served_by=frozenset({"add", "sigmoid", "mul"}))


def enough_memory(gigabytes):
    return torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > gigabytes * 2**30


@pytest.mark.xdist_group("most of the GPU's memory")
@pytest.mark.parametrize("layout", ("contiguous", "transposed", "row_broadcast", "sliced"))
def test_more_than_two_to_the_31_elements(layout, device):
    """Indices beyond 32 bits: the last elements are right, and no earlier one is written twice."""
    if not enough_memory(24):
        pytest.skip("needs 24 GiB of free GPU memory")
    rows, columns = 2**16 + 1, 2**15 + 8  # 2^31 and some
    shape = (columns, rows) if layout == "transposed" else (rows, columns)
    x = torch.empty(shape, dtype=torch.int8, device=device).random_(-50, 50)
    x = {"transposed": x.t(), "sliced": x[:, 1:]}.get(layout, x)
    y = torch.empty(x.shape[1:] if layout == "row_broadcast" else x.shape, dtype=torch.int8, device=device).random_(
        -50, 50
    )
    with gems.use_gems():
        result = x + y
    assert_served(gems.report(), "add.Tensor")
    assert result.stride() == (x.stride() if x.is_contiguous() or layout == "transposed" else (x.shape[1], 1))
    for part in (slice(0, 64), slice(x.shape[0] // 2, x.shape[0] // 2 + 64), slice(x.shape[0] - 64, None)):
        assert torch.equal(result[part], x[part] + (y if y.dim() == 1 else y[part]))
    assert int(
        result.view(-1).sum(dtype=torch.int64) if result.is_contiguous() else result.t().sum(dtype=torch.int64)
    ) == int(x.sum(dtype=torch.int64) + y.sum(dtype=torch.int64) * (x.shape[0] if y.dim() == 1 else 1))
    del x, y, result
    torch.cuda.empty_cache()
