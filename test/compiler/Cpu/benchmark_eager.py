#!/usr/bin/env python3
"""Prints PyTorch eager's throughput for the rows of compiler_cpu_benchmark: benchmark_eager.py [elements] [threads].

As there, the results exist beforehand (out=), and a thread's own processor time is counted: each thread runs its share
with PyTorch's pool set to one thread.
"""
import statistics
import sys
import threading
import time

import torch
import torch.nn.functional as F

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 21
THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else 2
INNER = 20

ROWS = {
    "add": (2, torch.add),
    "mul": (2, torch.mul),
    "exp": (1, torch.exp),
    "gelu none": (1, lambda x, out: torch._C._nn.gelu(x, out=out)),
    "tanh": (1, torch.tanh),
    "gelu tanh": (1, lambda x, out: torch._C._nn.gelu(x, approximate="tanh", out=out)),
    "silu": (1, lambda x, out: torch._C._nn.silu(x, out=out)),
    "sigmoid": (1, torch.sigmoid),
    "silu_and_mul": (2, lambda x, y, out: torch.mul(F.silu(x), y, out=out)),
}


def rate(tensors, function, dtype):
    share = COUNT // THREADS
    values = (torch.arange(COUNT) * 2654435761 % 8000 / 1000 - 4).to(dtype)
    buffers = [values.clone() for _ in range(tensors + 1)]
    seconds = [0.0] * THREADS

    def work(t):
        torch.set_num_threads(1)
        part = [b[t * share : (t + 1) * share] for b in buffers]
        start = time.thread_time()
        for _ in range(INNER):
            function(*part[:-1], out=part[-1])
        seconds[t] = time.thread_time() - start

    workers = [threading.Thread(target=work, args=(t,)) for t in range(THREADS)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return sum(INNER * (tensors + 1) * share * values.element_size() / s for s in seconds) / 1e9


def main():
    print(f"{COUNT} elements, {THREADS} threads, torch {torch.__version__}")
    for dtype in (torch.float32, torch.bfloat16):
        for name, (tensors, function) in ROWS.items():
            gb = statistics.median(rate(tensors, function, dtype) for _ in range(7))
            print(f"{name:20} {str(dtype)[6:]:10} {gb:7.1f} GB/s")


main()
