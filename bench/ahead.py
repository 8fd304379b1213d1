"""Compiles the calls of torch.compile and FlagGems ahead, in many processes, into the caches on disk that both have.

Kernels are run once, to make lazy compilers compile; what the processes measure while they disturb each other is not
kept, so that the benchmark's process tunes alone.
"""

import concurrent.futures
import importlib
import multiprocessing
import time
import warnings

import torch

import arms
from measure import time_limit
from operands import Make

COMPILES = (*arms.COMPILED, "flaggems")
REPORT_EVERY_S = 10


def _start():
    import torch._inductor.config as inductor

    warnings.simplefilter("ignore")
    inductor.compile_threads = 1
    inductor.autotune_local_cache = False


def _compile(table, index, dtype, names, limit_s):
    """{arm: why it failed} of one case; what is missing is left out."""
    module, _, variable = table.partition(".")
    case = getattr(importlib.import_module(module), variable)[index]
    operands = case.operands(Make("cuda"), dtype)
    failed = {}
    for name in names:
        torch.compiler.reset()
        try:
            with time_limit(limit_s, "compiling"):
                prepared = arms.prepare(name, case, dtype, [operands])
                with prepared.scope():
                    prepared.call(*operands)
                torch.cuda.synchronize()
        except arms.Absent:
            pass
        except Exception as error:
            failed[name] = " ".join(str(error).split())[:200]
    torch.cuda.empty_cache()
    return failed


def compile_ahead(wanted, names, workers, limit_s, say):
    """wanted: (name of a table as "cases.GPU_CASES", index, dtype), of CUDA cases. Returns {(table, index, dtype): {arm: error}}."""
    names = [name for name in names if name in COMPILES]
    failed = {}
    if not names or not wanted or workers < 1:
        return failed
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context, initializer=_start) as pool:
        running = {pool.submit(_compile, *each, names, limit_s): each for each in wanted}
        said = time.monotonic()
        for count, future in enumerate(concurrent.futures.as_completed(running), 1):
            if future.exception() is None:
                failed[running[future]] = future.result()
            else:
                failed[running[future]] = dict.fromkeys(names, f"its compiling process ended: {future.exception()}")
            if time.monotonic() - said > REPORT_EVERY_S:
                said = time.monotonic()
                say(f"compiled ahead: {count} of {len(running)} cases")
    return failed
