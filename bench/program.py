"""A program that measures cases: all its parts, the results on disk after each, a summary in the end."""

import time
import warnings

import torch

import arms
import run_cases
import table
from operands import Make
from rows import failed
from stored import Result, say


def run(arguments, tables, host_cases, wanted, first_calls=None):
    """The program's exit status: 1 when a result of gems is wrong or a case ran on ATen's kernel.

    tables(device, parts): names of the tables of cases. wanted: targets of the summary, a targets.Means. first_calls():
    measures the part "first".
    """
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")  # of the peers, about themselves
    start = time.monotonic()
    late = lambda: arguments.limit is not None and time.monotonic() - start > arguments.limit  # noqa: E731
    head = {"device": run_cases.device_name(arguments.device), "torch": torch.__version__, "rounds": arguments.rounds}
    head |= {"threads": torch.get_num_threads(), "versions": arms.versions(arguments.arms)}
    result = Result(arguments.json, arguments.resume, head)
    print(", ".join([head["device"], f"{arguments.rounds} rounds", *(f"{k} {v}" for k, v in head["versions"].items())]))

    if "first" in arguments.parts and not result.content["first_calls"] and not late():
        result.add("first_calls", first_calls())
    if "host" in arguments.parts and not result.content["host"] and not late():
        make = Make(arguments.device, arguments.scale)
        rows = [run_cases.run_host(case, make, arguments.arms, 2 * arguments.rounds + 1) for case in host_cases]
        result.add("host", rows)
    chosen = run_cases.selected(tables(arguments.device, arguments.parts), arguments.only, arguments.device)
    todo = [each for each in chosen if not result.has(each[2], each[3])]
    if todo:
        run_cases.measure_cases(result, todo, arguments, arguments.arms, late)
    print(table.summary(result.content, wanted))
    say(f"{time.monotonic() - start:.0f} s")
    return 1 if any(failed(row) for row in result.content["cases"]) else 0
