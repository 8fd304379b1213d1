#!/usr/bin/env python3
"""Benchmark of pointwise operators: gems beside a copy of the same size, eager PyTorch, torch.compile (the faster of two
modes), FlagGems, CuPy and jiterator, as far as they are installed, in one process, in turns.

Every timed call is first checked against eager's result. Ratios are medians over rounds; gems runs twice to show the
noise. Exits with 1 when a result of gems is wrong or a case ran on ATen's kernel; a missed target is listed.

Examples: bench/pointwise.py --json results.json
          bench/pointwise.py --arms eager --only gelu --rounds 31
          bench/pointwise.py --json results.json --limit 500    # and again with --resume, until nothing is left
"""

import argparse
import contextlib
import functools
import json
import math
import os
import pathlib
import re
import statistics
import sys
import time
import warnings

import paths  # noqa: F401  (finds gems)
import torch

import gems
import ahead
import arms
import cases
import first_calls
import measure
import table
from agree import difference, own
from case import results
from operands import GPU_SCALE, Make
from rows import failed
from targets import target_of

PARTS = {
    "cases": "large operands, by group",
    "small": "2^10 to 2^23 elements",
    "host": "host time of a call of tiny operands",
    "first": "first calls: compiling, or finding the kernel on disk",
}


def device_name(device):
    return torch.cuda.get_device_name() if device == "cuda" else "CPU"


def buffer_sets(case, dtype, make):
    """The operands, as many times over as it takes to defeat the caches, eager's result, and the case's bytes."""
    sets = [case.operands(make, dtype)]
    expected = [each.clone() for each in results(case.eager(*own(case, sets[0])))]
    total = case.bytes(sets[0], expected)
    if make.device == "cuda":
        count = min(measure.GRAPH_CALLS, math.ceil(measure.ROTATION_BYTES / total))
        sets += [case.operands(make, dtype) for _ in range(count - 1)]
    return sets, expected, total


def checked(name, case, dtype, sets, expected, row):
    """The arm's call when its first result is right; says in the row why there is none."""
    try:
        prepared = arms.prepare(name, case, dtype, sets)
        with prepared.scope():
            given = prepared.call(*own(case, prepared.sets[0]))
    except Exception as error:  # a peer's failure is a finding; ours is shown as one below
        row["absent"][name] = " ".join(str(error).split())[:200] or type(error).__name__
        return None
    if why := difference(case, expected, [prepared.to_torch(each) for each in results(given)]):
        row["wrong"][name] = why
        return None
    return prepared


def run_case(case, dtype, make, names, rounds, compile_limit_s, not_compiled):
    """One row of the result."""
    sets, expected, total = buffer_sets(case, dtype, make)
    device = device_name(make.device)
    target = target_of(case.name, case.group, device, expected[0].element_size())
    row = {"name": case.name, "group": case.group, "dtype": str(dtype)[6:], "bytes": total}
    row |= {"arms": {}, "absent": dict(not_compiled), "wrong": {}, "served": True, "noise": 0.0}
    row["target"] = {"copy": target.copy, "eager": target.eager, "compile": target.compile}

    def timed(call, operands):
        return measure.cuda_arm(call, operands, total) if make.device == "cuda" else measure.cpu_arm(call, operands)

    torch.compiler.reset()  # a limit on recompilations would send later cases back to eager
    # All are checked before any is timed: timing overwrites the operands of calls in place.
    prepared = {}
    for name in [each for each in names if each not in row["absent"]]:
        gems.reset_report()
        with measure.time_limit(compile_limit_s, name):
            prepared[name] = checked(name, case, dtype, sets, expected, row)
        if name == arms.GEMS:
            row["served"] = case.gems is not None or any(each.served for each in gems.report().values())
    if prepared[arms.GEMS] is None:
        row["wrong"].setdefault(arms.GEMS, row["absent"].get(arms.GEMS, ""))
        return row
    timers = {"copy": timed(lambda out, x: out.copy_(x), measure.copy_operands(total, make.device, len(sets)))}
    for name, each in prepared.items():
        if each is None:
            continue
        for shown in (name, arms.AGAIN) if name == arms.GEMS else (name,):
            with each.scope():
                timers[shown] = measure.in_scope(timed(each.call, each.sets), each.scope)

    seconds = measure.interleave(timers, rounds)
    row["copy_us"] = 1e6 * statistics.median(seconds["copy"])
    row["noise"] = measure.spread(seconds, arms.GEMS, arms.AGAIN)
    row["arms"] = {
        name: {
            "us": 1e6 * statistics.median(seconds[name]),
            "of_copy": measure.ratio(seconds, "copy", name),
            "slower": measure.ratio(seconds, name, arms.GEMS),
        }
        for name in names
        if name in seconds
    }
    return row


def run_host(case, make, names, rounds):
    """Microseconds of the host for one call of tiny operands."""
    operands = case.operands(make, case.dtypes[0])
    expected = [each.clone() for each in results(case.eager(*own(case, operands)))]
    row = {"name": case.name, "absent": {}, "wrong": {}}
    torch.compiler.reset()
    prepared = {name: checked(name, case, case.dtypes[0], [operands], expected, row) for name in names}
    timers = {}
    for name in [each for each in names if prepared[each] is not None]:
        bound = functools.partial(prepared[name].call, *prepared[name].sets[0])
        with prepared[name].scope():
            timers[name] = measure.in_scope(measure.host_arm(bound), prepared[name].scope)
    seconds = measure.interleave(timers, rounds)
    row["us"] = {name: 1e6 * statistics.median(each) for name, each in seconds.items()}
    row["of_eager"] = measure.ratio(seconds, arms.GEMS, "eager")
    return row


def selected(device, parts, only):
    """[(table in cases.py, index, case, dtype)] of the parts whose title contains the text."""
    tables = ["CPU_CASES"] if device == "cpu" else ["GPU_CASES"]
    wanted = (tables if "cases" in parts else []) + (["SMALL_CASES"] if "small" in parts and device == "cuda" else [])
    return [
        (name, index, case, dtype)
        for name in wanted
        for index, case in enumerate(getattr(cases, name))
        for dtype in case.dtypes
        if re.search(only, f"{case.group}: {case.key(dtype)}")
    ]


class Result:
    """The results of a run, on disk after every row, so that what was measured stays."""

    def __init__(self, path, resume, head):
        self._path = path
        self.content = head | {"cases": [], "host": [], "first_calls": []}
        if path and resume and path.exists():
            kept = json.loads(path.read_text())
            for key in ("device", "torch"):
                if kept[key] != head[key]:
                    raise ValueError(f"{path} was measured with {key} {kept[key]}, here it is {head[key]}")
            self.content |= {key: kept[key] for key in ("cases", "host", "first_calls")}

    def has(self, case, dtype):
        return any((row["group"], row["name"], row["dtype"]) == (case.group, case.name, str(dtype)[6:])
                   for row in self.content["cases"])  # fmt: skip

    def add(self, part, rows):
        self.content[part] += rows
        if self._path:
            self._path.write_text(json.dumps(self.content, indent=1) + "\n")


def say(text):
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(text):
    """A line on a terminal that says what is running, and is gone when it is done."""
    shown = sys.stderr.isatty()
    if shown:
        print(f"\r{text} ...\033[K", end="", file=sys.stderr, flush=True)
    yield
    if shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def measure_cases(result, todo, arguments, names, late):
    make = Make(arguments.device, arguments.scale)
    wanted = [(name, index, dtype) for name, index, _, dtype in todo] if arguments.device == "cuda" else []
    not_compiled = ahead.compile_ahead(wanted, names, arguments.workers, arguments.compile_limit, say)
    print(table.header(names), flush=True)
    for count, (name, index, case, dtype) in enumerate(todo, 1):
        if late():
            say(f"{len(todo) - count + 1} cases are left: run again with --resume")
            return
        began = time.monotonic()
        with progress(f"{count} of {len(todo)}: {case.key(dtype)}"):
            row = run_case(case, dtype, make, names, arguments.rounds, arguments.compile_limit,
                           not_compiled.get((name, index, dtype), {}))  # fmt: skip
        if arguments.device == "cuda":
            torch.cuda.empty_cache()
        row["seconds"] = round(time.monotonic() - began, 2)
        result.add("cases", [row])
        print(table.line(row, names), flush=True)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--parts", default=",".join(PARTS), help="; ".join(f"{k}: {v}" for k, v in PARTS.items()))
    parser.add_argument("--only", default="", help='cases whose "group: name, dtype" this regular expression finds')
    parser.add_argument("--arms", help=f"peers, separated by commas, of {', '.join(arms.PEERS)} (default: eager on the "
                        "CPU, all that are installed on a GPU)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, help="threads of all arms on the CPU")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here, after every case")
    parser.add_argument("--resume", action="store_true", help="keep what --json holds, measure only what it lacks")
    parser.add_argument("--limit", type=float, help="seconds after which no further case is begun")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1,
                        help="processes that compile for torch.compile and FlagGems ahead")  # fmt: skip
    parser.add_argument("--compile-limit", type=int, default=60, help="seconds that a peer may take to compile a case")
    arguments = parser.parse_args(argv)
    arguments.scale = GPU_SCALE
    arguments.parts = [each for each in arguments.parts.split(",") if each]
    if unknown := [each for each in arguments.parts if each not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    try:
        arguments.arms = arms.chosen(arguments.arms or (",".join(arms.PEERS) if arguments.device == "cuda" else "eager"))
    except ValueError as error:
        parser.error(str(error))
    if arguments.only:
        try:
            re.compile(arguments.only)
        except re.error as error:
            parser.error(f"--only {arguments.only!r} is no regular expression: {error}")
        arguments.parts = [each for each in arguments.parts if each in ("cases", "small")]
        if not selected(arguments.device, arguments.parts, arguments.only):
            known = sorted({case.key(dtype) for _, _, case, dtype in selected(arguments.device, arguments.parts, "")})
            parser.error(f"no case is found by {arguments.only!r}; there are {'; '.join(known)}")
    return arguments


def main(argv=None):
    arguments = parse(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")  # of the peers, about themselves
    start = time.monotonic()
    late = lambda: arguments.limit is not None and time.monotonic() - start > arguments.limit  # noqa: E731
    head = {"device": device_name(arguments.device), "torch": torch.__version__, "rounds": arguments.rounds}
    head |= {"threads": torch.get_num_threads(), "versions": arms.versions(arguments.arms)}
    result = Result(arguments.json, arguments.resume, head)
    print(", ".join([head["device"], f"{arguments.rounds} rounds", *(f"{k} {v}" for k, v in head["versions"].items())]))

    if "first" in arguments.parts and not result.content["first_calls"] and not late():
        result.add("first_calls", first_calls.run(arguments.arms, arguments.device))
    if "host" in arguments.parts and not result.content["host"] and not late():
        make = Make(arguments.device)
        rows = [run_host(case, make, arguments.arms, 2 * arguments.rounds + 1) for case in cases.HOST_CASES]
        result.add("host", rows)
    chosen = selected(arguments.device, arguments.parts, arguments.only)
    todo = [each for each in chosen if not result.has(each[2], each[3])]
    if todo:
        measure_cases(result, todo, arguments, arguments.arms, late)
    print(table.summary(result.content))
    say(f"{time.monotonic() - start:.0f} s")
    return 1 if any(failed(row) for row in result.content["cases"]) else 0


if __name__ == "__main__":
    sys.exit(main())
