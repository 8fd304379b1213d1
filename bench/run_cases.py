"""Runs cases: each arm's call is checked against eager's and then timed, all in turns; a row of the results for each."""

import functools
import importlib
import math
import re
import statistics
import time

import paths  # noqa: F401  (finds gems)
import torch

import gems
import ahead
import arms
import measure
import table
from agree import difference, own
from case import results
from operands import Make
from stored import progress, say
from targets import target_of


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
    if why := difference(expected, [prepared.to_torch(each) for each in results(given)], case.terms):
        row["wrong"][name] = why
        return None
    return prepared


def run_case(case, dtype, make, names, rounds, compile_limit_s, not_compiled):
    """One row of the result."""
    sets, expected, total = buffer_sets(case, dtype, make)
    device = device_name(make.device)
    target = target_of(case.name, case.family, device, expected[0].element_size())
    row = {"name": case.name, "family": case.family, "dtype": str(dtype)[6:], "bytes": total}
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


def selected(tables, only, device):
    """[(table, index, case, dtype)] of the cases whose title contains the text. A table is named as "cases.GPU_CASES"."""
    return [
        (name, index, case, dtype)
        for name in tables
        for index, case in enumerate(table_of(name))
        for dtype in case.dtypes
        if device in case.devices and re.search(only, f"{case.family}: {case.key(dtype)}")
    ]


def table_of(name):
    module, _, variable = name.partition(".")
    return getattr(importlib.import_module(module), variable)


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
