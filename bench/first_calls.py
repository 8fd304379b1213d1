#!/usr/bin/env python3
"""How long a first call takes: what a compiler costs, in fresh processes, with empty and with filled caches.

Run by pointwise.py. As a program it is one such process: bench/first_calls.py ARM [--device cpu]
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
SIZE = 2**16
NEW_SHAPES = 20
# In this order: the first call of a process pays for loading, the others show the compiler alone.
STEPS = {"first": "mul", "simple": "add", "erf": "gelu"}
ARMS = ("gems", "eager", "compile", "flaggems", "cupy", "jiterator")
# What gems logs of a kernel that becomes ready.
READY = re.compile(r"^gems: (\w+) .*: (?:miss, compiled|hit) in ([\d.]+) ms", re.MULTILINE)
CACHES = (
    "CUDA_CACHE_PATH", "CUPY_CACHE_DIR", "FLAGGEMS_CACHE_DIR", "GEMS_CACHE_DIR", "PYTORCH_KERNEL_CACHE_PATH",
    "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR",
)  # fmt: skip
LIMIT_S = 90


def first_calls(name, device):
    """{call: ms} of this process, and how many kernels gems compiles for new shapes of a known kind."""
    import gems
    import torch

    import arms
    import cases
    from operands import Make, Scale

    known = {case.name: case for case in cases.GPU_CASES if case.group in ("contiguous", "functions")}
    make = Make(device, Scale(count=SIZE, side=256))
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    taken = {}
    for call, case_name in STEPS.items():
        case, dtype = known[case_name], torch.float32 if call == "first" else torch.bfloat16
        operands = case.operands(make, dtype)
        wait()
        prepared = arms.prepare(name, case, dtype, [operands])
        with prepared.scope():
            start = time.perf_counter()
            prepared.call(*prepared.sets[0])
            wait()
            taken[call] = 1000 * (time.perf_counter() - start)
    if name == arms.GEMS:
        gems.reset_report()
        with gems.use_gems():
            for size in range(SIZE, SIZE + 8 * NEW_SHAPES, 8):
                torch.add(*known["add"].operands(Make(device, Scale(size, 0)), torch.bfloat16))
        taken["compiles for new shapes"] = gems.report()["add.Tensor"].compiles
    return taken


def _start(name, device, caches):
    environment = os.environ | {each: str(caches / each.lower()) for each in CACHES}
    # NVRTC keeps compiled programs of its own.
    environment |= {"CUDA_CACHE_DISABLE": "1", "GEMS_LOG": "1"}
    for each in CACHES:
        (caches / each.lower()).mkdir(exist_ok=True, parents=True)
    command = [sys.executable, str(FOLDER / "first_calls.py"), name, "--device", device]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(process):
    try:
        out, errors = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"error": f"took more than {LIMIT_S} s"}
    if process.returncode != 0:
        return {"error": (errors.strip().splitlines() or ["no message"])[-1][:200]}
    found = json.loads(out.splitlines()[-1])
    logged = dict(READY.findall(errors))
    found["kernels"] = {call: float(logged[op]) for call, op in STEPS.items() if op in logged}
    return found


def run(names, device):
    """A row for each arm: milliseconds of each call, compiled and found on disk, and of gems' kernels alone."""
    names = [name for name in ARMS if name in names]
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for state in ("compiled", "from disk"):
            found[state] = {}
            # gems has the machine for itself, its peers share it: they take seconds.
            for together in (names[:1], names[1:]):
                started = {name: _start(name, device, pathlib.Path(folder) / name) for name in together}
                found[state] |= {name: _finish(process) for name, process in started.items()}
    return [{"name": name, **{state: rows[name] for state, rows in found.items()}} for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arm", choices=ARMS)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    arguments = parser.parse_args()
    import paths  # noqa: F401  (finds gems)

    print(json.dumps(first_calls(arguments.arm, arguments.device)))


if __name__ == "__main__":
    main()
