"""Threads: a scope belongs to its thread, switches flip while others compute, one kernel serves all threads."""

import os
import threading

import pytest
import torch

import gems


def in_threads(count, work):
    """Runs work(index) in `count` threads at once and raises the first exception."""
    barrier, failures = threading.Barrier(count), []

    def body(index):
        try:
            barrier.wait()
            work(index)
        except Exception as error:  # carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=body, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def served(name):
    row = gems.report().get(name)
    return row.served if row else 0


def test_scope_is_of_its_own_thread(device):
    x = torch.ones(100, device=device)
    inside, finished = threading.Event(), threading.Event()

    def hold_the_scope():
        with gems.use_gems():
            inside.set()
            finished.wait()

    thread = threading.Thread(target=hold_the_scope)
    thread.start()
    inside.wait()
    try:
        torch.exp(x)
        assert served("exp") == 0, "a scope in one thread must not switch another thread"
        gems.enable()
        torch.exp(x)
        assert served("exp") == 1, "enable() is for all threads"
    finally:
        finished.set()
        thread.join()


def test_the_same_new_variant_in_many_threads(device):
    """All threads meet the same cold kernel at once."""
    x = torch.arange(3000, device=device, dtype=torch.int16).view(30, 100).t()
    expected = torch.maximum(x, x.flip(0)) * 3

    def work(index):
        with gems.use_gems():
            for _ in range(20):
                assert torch.equal(torch.maximum(x, x.flip(0)) * 3, expected)

    in_threads(8, work)


def test_different_shapes_and_dtypes_in_many_threads(device):
    dtypes = (torch.float32, torch.float64, torch.bfloat16, torch.int32)
    inputs = [torch.randn(17 * index + 5, 3, device=device).mul(9).to(dtypes[index % 4]) for index in range(8)]
    expected = [(x + x.abs()).clamp(min=1) for x in inputs]

    def work(index):
        with gems.use_gems():
            for step in range(40):
                at = (index + step) % 8
                assert torch.equal((inputs[at] + inputs[at].abs()).clamp(min=1), expected[at])

    in_threads(8, work)


def test_switches_flip_while_others_compute(device):
    x = torch.randn(513, device=device)
    expected = torch.relu(x) + x
    stop = threading.Event()

    def flip():
        while not stop.is_set():
            gems.enable()
            gems.only_enable("relu")
            gems.disable()

    flipping = threading.Thread(target=flip)
    flipping.start()
    try:
        in_threads(4, lambda index: [assert_equal(torch.relu(x) + x, expected) for _ in range(300)])
    finally:
        stop.set()
        flipping.join()


def assert_equal(a, b):
    assert torch.equal(a, b)


def test_backward_started_in_other_threads(device):
    def work(index):
        x = torch.linspace(-2, 2, 200 + index, device=device, requires_grad=True)
        with gems.use_gems():
            torch.sigmoid(x).sum().backward()
        s = torch.sigmoid(x.detach())
        torch.testing.assert_close(x.grad, s * (1 - s))

    in_threads(6, work)
    assert served("sigmoid_backward") == 6, "the scope must reach the threads of autograd"


def test_counters_lose_nothing(device):
    x = torch.ones(10, device=device)

    def work(index):
        with gems.use_gems():
            for _ in range(500):
                torch.neg(x)

    in_threads(4, work)
    row = gems.report()["neg"]
    assert row.calls == 2000 and row.served == 2000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_after_calls():
    """A child process made by fork computes with the override on, as data loaders do."""
    x = torch.arange(100.0)
    with gems.use_gems():
        expected = (x * 2 + 1).tolist()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            torch.set_num_threads(1)
            with gems.use_gems():
                status = 0 if (x * 2 + 1).tolist() == expected and torch.exp(x[:5]).numel() == 5 else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
