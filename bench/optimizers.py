#!/usr/bin/env python3
"""Benchmark of a step of AdamW: torch.optim's, with a loop over lists and fused, and gems.optim's, in turns, in one process.

The parameters are those of models of model_cases.py; each optimizer has its own, of the same values. Beside the time stands
that of a copy of the same bytes: a step reads the gradients, and reads and writes parameters and both states. Parameters
after a step are compared with those of a step in f64. Exits with 1 when gems' are further from them than the loop's.

Examples: bench/optimizers.py --json optimizers.json
          bench/optimizers.py --small                # in seconds, on the CPU too
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

import paths  # noqa: F401  (finds gems)
import torch

import gems
import kernel_classes
import measure
import model_cases
from run_cases import device_name

LOOP, FUSED, GEMS, COPY = "AdamW()", "AdamW(fused=True)", "gems.optim.AdamW()", "copy"
OPTIMIZERS = {
    LOOP: torch.optim.AdamW,
    FUSED: lambda parameters, **options: torch.optim.AdamW(parameters, fused=True, **options),
    GEMS: gems.optim.AdamW,
}
PASSES = 7  # a gradient is read; a parameter and two states are read and written


def parameters_of(model, device, dtype):
    torch.manual_seed(0)
    with torch.device(device):
        return [each.detach().to(dtype).requires_grad_() for each in model.build().parameters()]


def with_gradients(parameters):
    made = torch.Generator(parameters[0].device).manual_seed(1)
    for each in parameters:
        each.grad = torch.empty_like(each).normal_(std=1e-2, generator=made)
    return parameters


def distance(expected, given):
    """The largest over all parameters, in units of the last place of their dtype around one."""
    unit = torch.finfo(given[0].dtype).eps
    return max((found.double() - wanted).abs().max().item() for wanted, found in zip(expected, given, strict=True)) / unit


def timer(step, device):
    """Counted as one that needs no graph: launches are queued as in training."""
    if device == "cuda":
        return measure.cuda_arm(step, [()], measure.GRAPH_BELOW_BYTES)
    return measure.cpu_arm(step, [()])


def copy_step(parameters):
    """Moves the bytes of a step."""
    count = PASSES * sum(each.numel() * each.element_size() for each in parameters) // 8
    (out, x), = measure.copy_operands(8 * count, parameters[0].device, 1)
    return lambda: out.copy_(x)


def run_model(model, device, dtype, rounds):
    row = {"name": model.name, "dtype": str(dtype)[6:], "ms": {}, "kernels": {}}
    given = with_gradients(parameters_of(model, device, dtype))
    exact = [each.detach().double().requires_grad_() for each in given]
    for each, known in zip(exact, given, strict=True):
        each.grad = known.grad.double()
    torch.optim.AdamW(exact, lr=1e-3).step()
    timers, apart = {}, {}
    for name, make in OPTIMIZERS.items():
        mine = with_gradients(parameters_of(model, device, dtype))
        optimizer = make(mine, lr=1e-3)
        optimizer.step()
        apart[name] = distance(exact, mine)
        if device == "cuda":
            row["kernels"][name] = kernel_classes.profiled(optimizer.step)["kernels"]
        timers[name] = timer(optimizer.step, device)
    row["wrong"] = None
    if not apart[GEMS] <= 1.01 * apart[LOOP]:
        row["wrong"] = f"{apart[GEMS]:.3g} units in the last place from a step in f64, {LOOP} {apart[LOOP]:.3g}"
    del exact
    timers[COPY] = timer(copy_step(mine), device)
    row["parameters"], row["tensors"] = sum(each.numel() for each in mine), len(mine)
    found = measure.interleave(timers, rounds)
    row["ms"] = {name: 1e3 * statistics.median(found[name]) for name in timers}
    return row


def line(row):
    times = "".join(f"{row['ms'][name]:>20.3f}" for name in (*OPTIMIZERS, COPY))
    kernels = f"  kernels {', '.join(map(str, row['kernels'].values()))}" if row["kernels"] else ""
    return f"{row['name']:<24}{row['dtype']:<10}{row['tensors']:>6}{row['parameters'] / 1e6:>9.1f}M{times}{kernels}"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtypes", default="bfloat16,float32", help="separated by commas")
    parser.add_argument("--only", default="", help="models whose name this regular expression finds")
    parser.add_argument("--small", action="store_true", help="small models")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=pathlib.Path, help="write the results here")
    arguments = parser.parse_args(argv)

    result = {"device": device_name(arguments.device), "torch": torch.__version__, "cases": []}
    heads = "".join(f"{name:>20}" for name in (*OPTIMIZERS, COPY))
    print(f"{'ms of a step':<24}{'':<10}{'':>6}{'':>10}{heads}")
    for model in model_cases.SMALL if arguments.small else model_cases.FULL:
        if not re.search(arguments.only, model.name):
            continue
        for dtype in arguments.dtypes.split(","):
            result["cases"].append(run_model(model, arguments.device, getattr(torch, dtype), arguments.rounds))
            print(line(result["cases"][-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    found = [row for row in result["cases"] if row["wrong"]]
    for row in found:
        print(f"WRONG: {row['name']}, {row['dtype']}: {row['wrong']}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
