#!/usr/bin/env python3
"""Every override of gems beside eager, to find the calls that gems makes slower: all overloads of gems.all_ops(), with the
values of numbers for which ATen may take a cheaper kernel, in four dtypes as far as ATen has them.

Time of the device, as in pointwise.py: between two events around queued launches, of small calls by a CUDA graph, as the
launches of a small call take longer than it. Calls in place get their operands back before each round and use each once.
What a call costs the host is another question: --host measures it, of 64 elements, for the first call of each overload.

A case is slow when eager's time is less than --limit of gems', by more than the noise: the speed-up is the median of the
ratios within a round, the noise how far two runs of gems are apart in all but a quarter of the rounds. A slow case is
measured again with three times the rounds, and that counts. Each result is checked against eager's. Calls that gems
declined are listed with the reason and not timed.

Exits with 1 when a case is slow, or a result wrong.

Examples: bench/overrides.py --json overrides.json                          # all of it
          bench/overrides.py --elements 2^26 --forms functional --seconds 500
          bench/overrides.py --only "pow|div" --dtypes float32 --rounds 31
          bench/overrides.py --host --only "" --elements ""
"""

import argparse
import collections
import concurrent.futures
import contextlib
import gc
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
import measure
from agree import difference
from arms import AGAIN, GEMS
from case import results
from operands import Make, Scale, touched_bytes
from override_calls import calls
from rows import mean
from run_cases import device_name
from stored import progress, say

DTYPES = ("float32", "bfloat16", "int32", "int64")
FORMS = ("functional", "inplace", "out")
HOST_ELEMENTS = 64
BURST_S = 0.004  # shorter than pointwise.py's: there are more than a thousand cases
# Operands of a large call in place, each used once in a round.
IN_PLACE_SETS = 8


def supported(call, dtype, device):
    """Whether ATen has the call for this dtype."""
    try:
        call(*call.operands(Make(device, Scale(16, 0)), dtype))
    except (RuntimeError, TypeError):
        return False
    return True


def chosen(device, forms, dtypes, only):
    """[(call, dtype)] that ATen has, and the overloads that it has no call for at all."""
    found, without = [], []
    for overload in gems.all_ops():
        tried = [(each, dtype) for each in calls(overload) if each.form in forms for dtype in dtypes]
        named = [each for each in tried if re.search(only, title(each[0].overload, each[0].text, each[1]))]
        having = [(each, dtype) for each, dtype in named if supported(each, getattr(torch, dtype), device)]
        found += having
        if named and not having:
            without.append(overload)
    return found, without


def title(overload, arguments, dtype):
    return f"{overload}({arguments}), {dtype}"


def compile_ahead(todo, device, workers):
    """Compiles the kernels of all calls, several at a time."""
    make = Make(device, Scale(HOST_ELEMENTS, 0))

    def first_call(case):
        call, dtype = case
        with gems.use_gems(), contextlib.suppress(RuntimeError):  # the measurement of the case says it
            call(*call.operands(make, getattr(torch, dtype)))

    with gems.use_gems():  # registers the overrides while there is one thread
        pass
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(first_call, todo))


class Operands:
    """Operands of a call, as many times over as its timing needs, and how those of a call in place come back."""

    def __init__(self, call, dtype, make):
        self.first = call.operands(make, dtype)
        self._overwritten = call.form == "inplace"
        self.expected = [each.clone() for each in results(call(*self.fresh()))]
        self.bytes = sum(map(touched_bytes, self.first)) + sum(map(touched_bytes, self.expected))
        if call.form == "out":
            self.bytes -= touched_bytes(self.first[-1])
        self.sets = [self.fresh() for _ in range(self._count(make.device))]
        self.restore = self._restore if self._overwritten else None

    def _count(self, device):
        if device == "cpu":
            return 1
        if self._overwritten:
            return measure.GRAPH_CALLS if self.bytes < measure.GRAPH_BELOW_BYTES else IN_PLACE_SETS
        return min(measure.GRAPH_CALLS, math.ceil(measure.ROTATION_BYTES / self.bytes))

    def fresh(self):
        return [each.clone() for each in self.first]

    def exact(self, call):
        """The call's result in double, rounded to its dtype."""
        wide = [each.double() if each.is_floating_point() else each for each in self.fresh()]
        return [each.to(mine.dtype) for each, mine in zip(results(call(*wide)), self.expected, strict=True)]

    def _restore(self):
        for each in self.sets:
            each[0].copy_(self.first[0])


def timed(call, operands, device, host):
    if host:
        return measure.host_arm(call.bound(call.function, operands.sets[0]))
    if device == "cpu":
        return measure.cpu_arm(call, operands.sets, operands.restore)
    return measure.cuda_arm(call, operands.sets, operands.bytes, BURST_S, operands.restore)


def waits(call, operands):
    """Whether ATen waits for the GPU in the call, as for the value of a 0-dim tensor: no graph can capture it."""
    operands = operands.fresh()
    torch.cuda.set_sync_debug_mode("error")
    try:
        call(*operands)
    except RuntimeError:
        return True
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return False


def outcome(overload):
    """None when gems served the call that was just made, by this overload or one that it calls; else why it did not."""
    report = gems.report()
    if any(row.served for row in report.values()):
        return None
    return ", ".join(report[overload].declined) or "the call did not reach gems"


def wrong(call, operands, given):
    """Why the result is neither eager's nor nearer to the exact one: ATen truncates a quotient that it has rounded."""
    why = difference(operands.expected, results(given))
    return why if why and difference(operands.exact(call), results(given)) else None


def free_memory(device):
    """Gives back what finished cases hold by cycles and by the allocator's cache, before it fills the GPU."""
    if device == "cuda" and torch.cuda.memory_reserved() > torch.cuda.get_device_properties(0).total_memory // 2:
        gc.collect()
        torch.cuda.empty_cache()


def run_case(call, dtype, device, elements, host, rounds, limit):
    """One row of the result."""
    row = {"overload": call.overload, "form": call.form, "arguments": call.text, "dtype": dtype, "elements": elements}
    row |= {"timed": "host" if host else "device", "declined": None, "wrong": None}
    free_memory(device)
    try:
        operands = Operands(call, getattr(torch, dtype), Make(device, Scale(elements, 0)))
        gems.reset_report()
        with gems.use_gems():
            given = call(*operands.fresh())
        row["declined"] = outcome(call.overload)
        if device == "cuda" and not host and operands.bytes < measure.GRAPH_BELOW_BYTES and waits(call, operands):
            row["declined"] = "not timed: ATen waits for the GPU"
        row["wrong"] = None if row["declined"] else wrong(call, operands, given)
        del given
        if not (row["declined"] or row["wrong"]):
            row |= measured(call, operands, device, host, rounds, limit)
    except RuntimeError as error:
        row["wrong"] = " ".join(str(error).split())
    return row


def measured(call, operands, device, host, rounds, limit):
    """What a row says of a call that gems serves."""
    timers = {}
    for name, scope in {"eager": contextlib.nullcontext, GEMS: gems.use_gems, AGAIN: gems.use_gems}.items():
        with scope():
            timers[name] = measure.in_scope(timed(call, operands, device, host), scope)
    for count in (rounds, 3 * rounds):
        seconds = measure.interleave(timers, count)
        found = {f"{name}_us": 1e6 * statistics.median(seconds[name]) for name in ("eager", GEMS)}
        found |= {"speed_up": measure.ratio(seconds, "eager", GEMS), "noise": measure.spread(seconds, GEMS, AGAIN)}
        if not slow(found, limit):
            break
    return found


def slow(row, limit):
    return "speed_up" in row and row["speed_up"] + row["noise"] < limit


def failed(row, limit):
    return row["wrong"] or slow(row, limit) or "internal failure" in (row["declined"] or "")


def _size(elements):
    power = elements.bit_length() - 1
    return f"2^{power}" if elements == 2**power else str(elements)


def line(row, *columns):
    size = "host" if row["timed"] == "host" else _size(row["elements"])
    return f"  {title(row['overload'], row['arguments'], row['dtype']):<58}{size:>10}  {'  '.join(columns)}"


def summary(rows, limit):
    """Means of each operator, what gems makes slower, what it declined, what is wrong."""
    measured = [row for row in rows if "speed_up" in row]
    parts = ["", "speed-up over eager by operator: cases, geometric mean, worst"]
    by_op = collections.defaultdict(list)
    for row in measured:
        by_op[row["overload"].partition(".")[0].removesuffix("_")].append(row)
    for op, members in sorted(by_op.items()):
        worst = min(members, key=lambda row: row["speed_up"])
        average = mean(row["speed_up"] for row in members)
        parts.append(f"  {op:<22}{len(members):>5}{average:>8.3f}{worst['speed_up']:>8.3f}{line(worst).rstrip()}")
    below = sorted((row for row in measured if row["speed_up"] < limit), key=lambda row: row["speed_up"])
    if below:
        parts += ["", f"below {limit} of eager's speed: speed-up, noise, us of eager and of gems"]
        parts += [line(row, f"{row['speed_up']:.3f}", f"{100 * row['noise']:.1f}%", f"{row['eager_us']:.1f}",
                       f"{row['gems_us']:.1f}", "SLOW" if slow(row, limit) else "within the noise") for row in below]  # fmt: skip
    declined = collections.Counter((row["overload"], row["arguments"], row["declined"]) for row in rows if row["declined"])
    if declined:
        parts += ["", "declined"]
        parts += [f"  {f'{overload}({text})':<58}{count:>4}  {why}" for (overload, text, why), count in declined.items()]
    wrong = [row for row in rows if row["wrong"]]
    if wrong:
        parts += ["", "results that are not eager's"] + [line(row, row["wrong"][:120]) for row in wrong]
    behind = sum(slow(row, limit) for row in measured)
    parts += ["", f"{len(measured)} cases measured: {behind} slow, {len(below) - behind} below {limit} within the noise; "
              f"{sum(declined.values())} declined, {len(wrong)} wrong"]  # fmt: skip
    return "\n".join(parts)


def elements_of(text):
    """[2^14, 2^26] of "2^14,2^26"."""
    return [2 ** int(each[2:]) if each.startswith("2^") else int(each) for each in text.split(",") if each]


def among(known):
    def parsed(text):
        names = [each for each in text.split(",") if each]
        if unknown := [each for each in names if each not in known]:
            raise argparse.ArgumentTypeError(f"no such name: {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    return parsed


def expression(text):
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--elements", type=elements_of, default="2^14,2^26", help="sizes (default: %(default)s)")
    parser.add_argument("--host", action="store_true", help="time of the host, too, for the first call of each overload")
    parser.add_argument("--forms", type=among(FORMS), default=",".join(FORMS), help="(default: %(default)s)")
    parser.add_argument("--dtypes", type=among(DTYPES), default=",".join(DTYPES), help="(default: %(default)s)")
    parser.add_argument("--only", type=expression, default="",
                        help='cases whose "overload(arguments), dtype" this regular expression finds')  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=0.98, help="of eager's speed, see above (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="after which no further case is begun")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="kernels that are compiled at a time")
    parser.add_argument("--json", type=pathlib.Path, help="write all rows here")
    arguments = parser.parse_args(argv)
    arguments.cases, arguments.without = chosen(arguments.device, arguments.forms, arguments.dtypes, arguments.only)
    if not arguments.cases:
        parser.error(f"no case is found by {arguments.only.pattern!r}")
    return arguments


def main(argv=None):
    start = time.monotonic()
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    arguments = parse(argv)
    todo = [(*case, elements, False) for elements in arguments.elements for case in arguments.cases]
    if arguments.host:
        first = {}
        for call, dtype in arguments.cases:
            first.setdefault(call.overload, (call, dtype, HOST_ELEMENTS, True))
        todo += first.values()
    compile_ahead(arguments.cases, arguments.device, arguments.workers)
    say(f"{len(todo)} cases; {time.monotonic() - start:.0f} s to find and compile them")

    rows = []
    for call, dtype, elements, host in todo:
        if time.monotonic() - start > arguments.seconds:
            say(f"{len(todo) - len(rows)} cases are left")
            break
        with progress(f"{len(rows) + 1} of {len(todo)}: {title(call.overload, call.text, dtype)}, {elements}"):
            rows.append(run_case(call, dtype, arguments.device, elements, host, arguments.rounds, arguments.limit))
        if arguments.device == "cuda":
            torch.cuda.empty_cache()
    head = {"device": device_name(arguments.device), "torch": torch.__version__, "rounds": arguments.rounds}
    if arguments.json:
        arguments.json.write_text(json.dumps(head | {"limit": arguments.limit, "cases": rows}, indent=1) + "\n")
    print(", ".join(f"{name} {value}" for name, value in head.items()))
    print(summary(rows, arguments.limit))
    if arguments.without:
        print(f"not called, as ATen has them for none of these dtypes: {', '.join(arguments.without)}")
    say(f"{time.monotonic() - start:.0f} s")
    return 1 if any(failed(row, arguments.limit) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
