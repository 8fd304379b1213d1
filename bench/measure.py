"""Times calls: arms in turns over rounds, medians of per-round ratios, device time by events, host time in bursts."""

import contextlib
import functools
import itertools
import signal
import statistics
import time

import torch

# Several buffer sets are used in turn, so that nothing is found in a cache.
ROTATION_BYTES = 256 * 2**20
# Below this many bytes a call is shorter than its launch from Python: then a CUDA graph launches.
GRAPH_BELOW_BYTES = 64 * 2**20
GRAPH_CALLS = 50
# What a burst of calls is to take.
BURST_S = 0.01
CPU_BURST_S = 0.02


def interleave(arms, rounds, late=lambda: False):
    """{arm: seconds of each round}. An arm is a function that returns the seconds of one call; the order rotates.

    late(): whether no further round is begun; one is run anyway.
    """
    names = list(arms)
    seconds = {name: [] for name in names}
    for turn in range(rounds):
        if turn and late():
            break
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            try:
                seconds[name].append(arms[name]())
            except RuntimeError as error:  # one that ends the CUDA context: what is measured later would show it, too
                raise RuntimeError(f"{name}, round {turn}: {error}") from error
    return seconds


def ratio(seconds, numerator, denominator):
    """The median of the per-round ratios of two arms' times."""
    return statistics.median(a / b for a, b in zip(seconds[numerator], seconds[denominator], strict=True))


def spread(seconds, first, second):
    """The noise: how far the per-round ratios of one and the same arm lie from 1, at most, but for one round in four."""
    apart = sorted(abs(a / b - 1) for a, b in zip(seconds[first], seconds[second], strict=True))
    return apart[-1 - len(apart) // 4]


def _burst(call, turns, count):
    for _ in range(count):
        call(*next(turns))


def cpu_arm(call, sets, restore=None):
    """Wall time of one call on the CPU. restore: what is done before a round's calls, when they overwrite their operands."""
    turns = itertools.cycle(sets)

    def seconds(count):
        if restore:
            restore()
        begin = time.perf_counter()
        _burst(call, turns, count)
        return (time.perf_counter() - begin) / count

    seconds(1)
    repeats = max(2, int(CPU_BURST_S / max(seconds(1), 1e-7)))
    return lambda: seconds(repeats)


def cuda_arm(call, sets, total_bytes, burst_s=BURST_S, restore=None):
    """Device time of one call, between two events around queued launches; of small calls in a CUDA graph.

    restore: for calls that overwrite their operands: gives all sets their operands back. It is queued before a round's
    calls, which use each set once, in a graph when there are GRAPH_CALLS sets.
    """
    turns = itertools.cycle(sets)
    _burst(call, turns, 2 * min(len(sets), 3) + 3)
    if total_bytes >= GRAPH_BELOW_BYTES:
        repeats = len(sets) if restore else max(3, int(burst_s / _between_events(lambda: _burst(call, turns, 3), 3)))
        return lambda: _between_events(lambda: _burst(call, turns, repeats), repeats, restore)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        _burst(call, turns, GRAPH_CALLS)
    graph.replay()
    return functools.partial(_replay, graph, sets, restore)


def _replay(graph, sets, restore):
    """sets: what the graph's addresses belong to lives as long as the graph."""
    return _between_events(graph.replay, GRAPH_CALLS, restore)


def _between_events(launch, count, before=None):
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    if before:
        before()
    begin.record()
    launch()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1000 / count


def host_arm(call, calls=400):
    """Seconds of the host for one call of a tiny operator; the device is waited for outside."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None

    def seconds():
        wait()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        stop = time.perf_counter()
        wait()
        return (stop - start) / calls

    seconds()
    return seconds


def in_scope(seconds, scope):
    """The arm inside a scope, entered once around all calls of a round."""

    def timed():
        with scope():
            return seconds()

    return timed


def copy_operands(total_bytes, device, sets):
    """Buffer sets for a copy that reads and writes as many bytes as the case: (out, x)."""
    count = max(1, total_bytes // 8)
    return [(torch.empty(count, device=device), torch.randn(count, device=device)) for _ in range(sets)]


@contextlib.contextmanager
def time_limit(seconds, what):
    """Raises TimeoutError in a block that takes longer; in the main thread of a process."""

    def late(number, frame):
        raise TimeoutError(f"{what} took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
