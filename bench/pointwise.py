#!/usr/bin/env python3
"""Benchmark of pointwise operators: a copy of the same size, eager PyTorch, torch.compile if asked for, and gems.

Every timed call is first checked against eager's result. Arms run in turns; ratios are medians over rounds; gems runs
twice to show the noise. Exits with 1 when a result is wrong or a case ran on ATen's kernel; a missed target is listed.

Example: bench/pointwise.py --json results.json --compile
"""

import argparse
import contextlib
import functools
import importlib.util
import json
import math
import pathlib
import statistics
import sys

if importlib.util.find_spec("gems") is None:
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "runtime" / "aten" / "python"))

import torch  # noqa: E402

import gems  # noqa: E402
import measure  # noqa: E402
import table  # noqa: E402
from cases import CPU_CASES, GPU_CASES, HOST_CASES, HOST_TARGET  # noqa: E402

COMPILE_MODES = {"compile": {}, "compile autotuned": {"mode": "max-autotune-no-cudagraphs"}}


def device_kind(device):
    """The name that targets are kept under: H100, H200, or the device's own name."""
    if device == "cpu":
        return "cpu"
    name = torch.cuda.get_device_name()
    return next((kind for kind in ("H200", "H100") if kind in name), name)


def buffer_sets(case, dtype, device):
    """The operands, as many times over as it takes to defeat the caches, the case's bytes, and a first result."""

    def make(shape, of):
        return torch.randn(shape, device=device, dtype=torch.float32).to(of)

    sets = [case.operands(make, dtype)]
    result = case.eager(*sets[0])
    total = case.bytes(sets[0], result)
    budget = measure.ROTATION_BYTES if device == "cuda" else 1
    sets += [case.operands(make, dtype) for _ in range(min(measure.GRAPH_CALLS, math.ceil(budget / total)) - 1)]
    return sets, total


def in_scope(seconds, scope):
    """The arm inside a scope, entered once around all calls of a round."""

    def timed():
        with scope():
            return seconds()

    return timed


def check(case, operands):
    """The difference between gems' and eager's result as text, or None; and whether our kernel ran."""
    expected = case.eager(*operands).clone()
    gems.reset_report()
    with gems.use_gems():
        given = (case.gems or case.eager)(*operands)
    served = case.gems is not None or any(row.served for row in gems.report().values())
    try:
        torch.testing.assert_close(given, expected)
    except AssertionError as error:
        return " ".join(str(error).split()), served
    return None, served


def run_case(case, dtype, device, rounds, compiled):
    """One row of the result."""
    sets, total = buffer_sets(case, dtype, device)
    wrong, served = check(case, sets[0])
    timer = measure.CudaTimer(total) if device == "cuda" else measure.CpuTimer()
    copy, copy_sets = measure.copy_call(total, device, len(sets))
    arms = {"copy": timer.arm(copy, copy_sets), "eager": timer.arm(case.eager, sets)}
    torch.compiler.reset()  # a limit on recompilations would send later cases back to eager
    for name, options in COMPILE_MODES.items() if compiled else ():
        arms[name] = timer.arm(torch.compile(lambda *operands: case.eager(*operands), **options), sets)
    for name in ("gems", "gems again"):
        with gems.use_gems():
            arms[name] = in_scope(timer.arm(case.gems or case.eager, sets), gems.use_gems)
    seconds = measure.interleave(arms, rounds)

    target = case.target(device_kind(device), dtype)
    row = {
        "name": case.name,
        "family": case.family,
        "dtype": str(dtype)[6:],
        "bytes": total,
        "us": {name: 1e6 * statistics.median(each) for name, each in seconds.items()},
        "fraction_of_copy": measure.ratio(seconds, "copy", "gems"),
        "vs_eager": measure.ratio(seconds, "eager", "gems"),
        "vs_compile": min(
            (measure.ratio(seconds, name, "gems") for name in COMPILE_MODES if name in seconds), default=None
        ),
        "noise": measure.spread(seconds, "gems", "gems again"),
        "target_fraction_of_copy": target.copy,
        "target_vs_eager": target.eager,
        "target_vs_compile": target.compile if compiled else None,
        "wrong": wrong,
        "served": served,
    }
    row["missed"] = missed(row)
    return row


def missed(row):
    """Which targets the row is under by more than the noise."""
    pairs = (("fraction_of_copy", "copy"), ("vs_eager", "eager"), ("vs_compile", "torch.compile"))
    return [
        shown
        for key, shown in pairs
        if row[f"target_{key}"] is not None and row[key] is not None and row[key] + row["noise"] < row[f"target_{key}"]
    ]


def run_host(device, bursts):
    """Microseconds of the host for one call of a tiny operator, eager and gems."""
    rows = []
    for name, call in HOST_CASES.items():
        tensors = [torch.randn(64, device=device) for _ in range(3)]
        bound = functools.partial(call, *tensors)
        with gems.use_gems():
            bound()
            ours = in_scope(measure.host_burst(bound), gems.use_gems)
        seconds = measure.interleave({"eager": measure.host_burst(bound), "gems": ours}, bursts)
        rows.append(
            {
                "name": name,
                "us": {arm: 1e6 * statistics.median(each) for arm, each in seconds.items()},
                "of_eager": measure.ratio(seconds, "gems", "eager"),
                "target": HOST_TARGET,
            }
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument(
        "--compile", action="store_true", help="measure torch.compile too (its best of two modes; minutes)"
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, help="threads of both arms on the CPU")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here, for bench/plot.py")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)

    cases = [
        (case, dtype)
        for case in (GPU_CASES if arguments.device == "cuda" else CPU_CASES)
        for dtype in case.dtypes
        if arguments.only in case.name
    ]
    result = {
        "device": device_name(arguments.device),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "cases": [],
    }
    print(
        f"{result['device']}, torch {result['torch']}, {arguments.rounds} rounds"
        + ("" if arguments.device == "cuda" else f", {result['threads']} threads")
    )
    print(table.header(arguments.compile), flush=True)
    for index, (case, dtype) in enumerate(cases):
        with progress(f"{index + 1} of {len(cases)}: {case.name} {str(dtype)[6:]}"):
            row = run_case(case, dtype, arguments.device, arguments.rounds, arguments.compile)
        if arguments.device == "cuda":
            torch.cuda.empty_cache()
        result["cases"].append(row)
        print(table.line(row), flush=True)
    result["host"] = [] if arguments.only else run_host(arguments.device, arguments.rounds)
    result["geometric_mean"] = table.geometric_means(result["cases"])
    print(table.summary(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if any(row["wrong"] or not row["served"] for row in result["cases"]) else 0


def device_name(device):
    return torch.cuda.get_device_name() if device == "cuda" else "CPU"


@contextlib.contextmanager
def progress(text):
    """A line on a terminal that says what is running, and is gone when it is done."""
    if sys.stderr.isatty():
        print(f"\r{text} ...\033[K", end="", file=sys.stderr, flush=True)
    yield
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
