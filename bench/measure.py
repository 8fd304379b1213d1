"""Times calls: arms in turns over rounds, medians of per-round ratios, device time by events, host time in bursts."""

import itertools
import statistics
import time

import torch

# Several buffer sets are used in turn, so that nothing is found in a cache.
ROTATION_BYTES = 256 * 2**20
# Below this many bytes a call is shorter than its launch from Python: then a CUDA graph launches.
GRAPH_BELOW_BYTES = 64 * 2**20
GRAPH_CALLS = 50


def interleave(arms, rounds):
    """{arm: seconds of each round}. An arm is a function that returns the seconds of one call; the order rotates."""
    names = list(arms)
    seconds = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds[name].append(arms[name]())
    return seconds


def ratio(seconds, numerator, denominator):
    """The median of the per-round ratios of two arms' times."""
    return statistics.median(a / b for a, b in zip(seconds[numerator], seconds[denominator], strict=True))


def spread(seconds, first, second):
    """The noise: how far the per-round ratios of one and the same arm lie from 1, in the middle of the rounds."""
    return statistics.median(abs(a / b - 1) for a, b in zip(seconds[first], seconds[second], strict=True))


class CpuTimer:
    """Wall time of repeated calls on the CPU."""

    def __init__(self, call_seconds=0.02):
        self._budget = call_seconds

    def arm(self, call, sets):
        turns = itertools.cycle(sets)
        call(*next(turns))
        start = time.perf_counter()
        call(*next(turns))
        repeats = max(2, int(self._budget / max(time.perf_counter() - start, 1e-7)))

        def seconds():
            begin = time.perf_counter()
            for _ in range(repeats):
                call(*next(turns))
            return (time.perf_counter() - begin) / repeats

        return seconds


class CudaTimer:
    """Device time between two events around queued launches; of small calls in a CUDA graph."""

    def __init__(self, total_bytes, budget_seconds=0.004):
        self._graph = total_bytes < GRAPH_BELOW_BYTES
        # At the rate of a copy on the largest device, so that every arm gets its share of work.
        self._repeats = max(4, int(budget_seconds / (total_bytes / 4e12)))

    def arm(self, call, sets):
        turns = itertools.cycle(sets)
        for _ in range(2 * len(sets) + 3):
            call(*next(turns))
        torch.cuda.synchronize()
        if not self._graph:
            return lambda: self._between_events(
                lambda: [call(*next(turns)) for _ in range(self._repeats)] and None, self._repeats
            )
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in range(GRAPH_CALLS):
                call(*next(turns))
        graph.replay()
        return lambda: self._between_events(graph.replay, GRAPH_CALLS)

    @staticmethod
    def _between_events(launch, count):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        launch()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1000 / count


def host_burst(call, calls=400):
    """Seconds of the host for one call of a tiny operator; the device is waited for outside."""
    cuda = torch.cuda.is_available()

    def seconds():
        if cuda:
            torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        stop = time.perf_counter()
        if cuda:
            torch.cuda.synchronize()
        return (stop - start) / calls

    seconds()
    return seconds


def copy_call(total_bytes, device, sets):
    """A copy that reads and writes as many bytes as the case, and its buffer sets."""
    count = max(1, total_bytes // 8)
    buffers = [(torch.empty(count, device=device), torch.randn(count, device=device)) for _ in range(sets)]
    return (lambda out, x: out.copy_(x)), buffers
