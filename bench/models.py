#!/usr/bin/env python3
"""Benchmark of whole models: eager PyTorch, gems' overrides, gems.patch with the overrides, Liger and torch.compile, each
with a copy of the model of its own, in turns, in one process. The models are those of model_cases.py, in bf16 on a GPU.

Parts: train (forward and backward), step (the same and a step of AdamW: gems.optim's of patched models, torch.optim's of
the others), forward (in evaluation, with the loss), decode (48 tokens after a prompt of 32, greedily, with a cache;
torch.compile's is of fixed size; on a GPU also the time of a token from a CUDA graph).

An arm is timed when it computes what eager does. Losses are compared, to 1e-5 of eager's in f32 and 1.6e-2 in bf16, in
which some models compute them, that after a step too; of train the gradients, whose distance may be 1e-4 and 5e-2 of the
length of eager's, all parameters together; of decode eager's loss of the generated tokens, to 1e-5 and 3e-2. Exits with
1 when gems or gems.patch differ, or nothing ran on gems' kernels.

Examples: bench/models.py --json models.json --parts train,step,forward --limit 480
          bench/models.py --json models.json --parts decode --resume --limit 200
          bench/models.py --small --threads 1 --only "^llama$" --arms gems,patched    # in seconds, on the CPU too
"""

import argparse
import contextlib
import dataclasses
import functools
import gc
import math
import pathlib
import re
import statistics
import sys
import time
import warnings

import paths  # noqa: F401  (finds gems)
import torch
import transformers

import arms
import gems
import kernel_classes
import measure
import model_arms
import model_cases
import model_graphs
from model_arms import Arm
from model_rows import EAGER, OURS, failed, lines
from run_cases import device_name
from stored import Result, progress, say

# In this order: a step changes the weights.
PARTS = {"train": Arm.train, "forward": Arm.forward, "step": Arm.step, "decode": Arm.decode}
LOSS_TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 1.6e-2}
DECODED_TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 3e-2}
GRADIENT_TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
BURST_S = 0.2  # of calls in a round on a GPU
HOST_TOKENS = 32


class Part:
    """What stored.Result asks for the name of a row."""

    def __init__(self, model, group):
        self.name, self.group = model.name, group


@dataclasses.dataclass
class Found:
    """What a first call gave: losses, and gradients or tokens where the part has them."""

    losses: list
    gradients: dict | None = None
    tokens: torch.Tensor | None = None

    def difference(self, expected, dtype):
        """Why it is not the expected, as text; None when it is."""
        tolerance = (LOSS_TOLERANCES if self.tokens is None else DECODED_TOLERANCES)[dtype]
        for given, wanted in zip(self.losses, expected.losses, strict=True):
            if not abs(given - wanted) <= tolerance * abs(wanted):
                return f"loss {given:.6f}, eager's {wanted:.6f}, allowed {tolerance:.0e} of it"
        if self.gradients is not None:
            apart = distance(expected.gradients, self.gradients)
            if not apart <= GRADIENT_TOLERANCES[dtype]:
                return f"gradients {apart:.1e} away from eager's, allowed {GRADIENT_TOLERANCES[dtype]:.0e}"
        return None


def distance(expected, given):
    """Of all gradients, as a fraction of the expected ones."""
    if any(each is None for each in given.values()):
        return math.inf
    apart = sum((given[name].double() - each.double()).square().sum().item() for name, each in expected.items())
    return math.sqrt(apart / sum(each.double().square().sum().item() for each in expected.values()))


def first_call(arm, part, inputs, eager):
    """What is compared of an arm."""
    with arm.scope():
        if part == "train":
            loss = arm.train(inputs).item()
            return Found([loss], {name: each.grad for name, each in arm.model.named_parameters()})
        if part == "step":
            return Found([arm.step(inputs).item(), arm.train(inputs).item()])
        if part == "forward":
            return Found([arm.forward(inputs).item()])
        tokens = arm.decode(inputs)
    labels = tokens.clone()
    labels[:, : model_cases.PROMPT] = model_cases.IGNORED
    return Found([eager.forward({"input_ids": tokens, "labels": labels}).item()], tokens=tokens)


class Arms:
    """The arms of a model, made when they are first used and kept for its other parts."""

    def __init__(self, model, device, dtype):
        torch.manual_seed(0)
        with torch.device(device):
            self._model = model.build().to(dtype)
        self.vocabulary = self._model.config.vocab_size
        self._made = {}

    def __getitem__(self, name):
        """Raises Absent."""
        if name not in self._made:
            try:
                self._made[name] = model_arms.prepare(name, self._model)
            except arms.Absent as why:
                self._made[name] = why
        if isinstance(self._made[name], arms.Absent):
            raise self._made[name]
        return self._made[name]


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of(run, device, count=1):
    wait(device)
    start = time.perf_counter()
    for _ in range(count):
        run()
    wait(device)
    return (time.perf_counter() - start) / count


def timer(run, device):
    """A function that returns the seconds of a call, of several calls in a round when they are short."""
    seconds_of(run, device)
    count = max(1, int(BURST_S / seconds_of(run, device))) if device == "cuda" else 1
    return lambda: seconds_of(run, device, count)


def peak_mb(run):
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    run()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 1e6


def host_us(arm, inputs):
    """Time in which the host queues the model for one token of each sequence, the median over some tokens."""
    arm.model.eval()
    taken = []
    with torch.no_grad():
        output = arm.model(input_ids=inputs["input_ids"], use_cache=True)
        for _ in range(HOST_TOKENS):
            token = output.logits[:, -1:].argmax(-1)
            wait(token.device.type)
            start = time.perf_counter()
            output = arm.model(input_ids=token, past_key_values=output.past_key_values, use_cache=True)
            taken.append(time.perf_counter() - start)
    return 1e6 * statistics.median(taken)


def on_gpu(name, arm, part, run, inputs):
    """What is measured on a GPU alone."""
    with arm.scope():
        found = {"peak_mb": peak_mb(run)} | kernel_classes.profiled(run)
        if part == "decode" and name != "compile":  # whose compiled call belongs to generate()
            found["host_us"] = host_us(arm, inputs)
            found["graph_us"] = model_graphs.token_us(arm, inputs)
    arm.model.zero_grad(set_to_none=True)
    return found


def checked(name, of_model, part, inputs, row, expected, arguments, dtype):
    """(arm, what its first call gave, its seconds) when that is what eager's gave; says in the row why it is not."""
    ours = name in (EAGER, *OURS)
    try:
        arm = of_model[name]
        with contextlib.nullcontext() if ours else measure.time_limit(arguments.compile_limit, "the first call"):
            start = time.perf_counter()
            found = first_call(arm, part, inputs, of_model[EAGER])
            first_s = time.perf_counter() - start
        why = found.difference(expected or found, dtype)
    except Exception as error:  # a peer's failure is a finding; ours fails the program
        why = " ".join(str(error).split())[:200] or type(error).__name__
        if not ours or isinstance(error, arms.Absent):
            row["absent"][name] = why
            return None
    if why:
        row["wrong"][name] = why
        return None
    return arm, found, first_s


def run_part(model, part, of_model, arguments, dtype, late):
    """One row of the result."""
    device = arguments.device
    inputs = model.inputs(of_model.vocabulary, device)
    row = {"name": model.name, "group": part, "dtype": str(dtype)[6:], "tokens": model.tokens}
    row |= {"served": True, "absent": {}, "wrong": {}, "arms": {}}
    ready, expected = {}, None
    for name in arguments.arms:
        if late() and name not in (EAGER, *OURS):
            row["absent"][name] = "no time was left"
            continue
        gems.reset_report()
        if first := checked(name, of_model, part, inputs, row, expected, arguments, dtype):
            arm, found, first_s = first
            expected = expected or found
            ready[name] = {"first_s": first_s}
            if part == "decode":
                same = (found.tokens == expected.tokens)[:, model_cases.PROMPT :]
                ready[name]["same_tokens"] = same.double().mean().item()
            if name in OURS:
                row["served"] &= any(each.served for each in gems.report().values())
            if name != EAGER:
                arm.model.zero_grad(set_to_none=True)
        elif name == EAGER:
            raise RuntimeError(f"{model.name}, {part}: eager fails: {row['wrong'][EAGER]}")
    row["loss"] = expected.losses[0]
    of_model[EAGER].model.zero_grad(set_to_none=True)
    del expected, found, first

    runs, timers = {}, {}
    for name in ready:
        arm = of_model[name]
        runs[name] = functools.partial(PARTS[part], arm, inputs)
        with arm.scope():
            timers[name] = measure.in_scope(timer(runs[name], device), arm.scope)
    seconds = measure.interleave(timers, arguments.rounds, late)
    row["rounds"] = len(seconds[EAGER])
    for name, found in ready.items():
        of_model[name].model.zero_grad(set_to_none=True)
        row["arms"][name] = summarized(seconds, name) | found
        if device == "cuda":
            row["arms"][name] |= on_gpu(name, of_model[name], part, runs[name], inputs)
    return row


def summarized(seconds, name):
    middle = statistics.median(seconds[name])
    quartiles = statistics.quantiles(seconds[name], method="inclusive") if len(seconds[name]) > 1 else (middle,)
    return {
        "ms": 1e3 * middle,
        "of_eager": measure.ratio(seconds, EAGER, name),
        "spread": (quartiles[-1] - quartiles[0]) / middle,
    }


def chosen_models(arguments):
    models = model_cases.SMALL if arguments.small else model_cases.FULL
    return [each for each in models if re.search(arguments.only, each.name) and set(each.parts) & set(arguments.parts)]


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--small", action="store_true", help="small models; always so on the CPU")
    parser.add_argument("--only", default="", help="models whose name this regular expression finds")
    parser.add_argument("--parts", default=",".join(PARTS), help="separated by commas (default: %(default)s)")
    parser.add_argument("--arms", help=f"separated by commas, of {', '.join(model_arms.ARMS)}; eager always (default: all "
                        "that are installed on a GPU, eager and gems' on the CPU)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, help="threads of all arms on the CPU")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here, after every part of a model")
    parser.add_argument("--resume", action="store_true", help="keep what --json holds, measure only what it lacks")
    parser.add_argument("--limit", type=float, default=math.inf, help="seconds after which no further round is begun")
    parser.add_argument("--compile-limit", type=int, default=120, help="seconds that a peer may take for its first call")
    arguments = parser.parse_args(argv)
    arguments.small |= arguments.device == "cpu"
    arguments.parts = [each for each in arguments.parts.split(",") if each]
    if unknown := [each for each in arguments.parts if each not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    try:
        everything = model_arms.ARMS if arguments.device == "cuda" else OURS
        arguments.arms = model_arms.chosen(arguments.arms or ",".join(everything))
        re.compile(arguments.only)
    except ValueError as error:
        parser.error(str(error))
    except re.error as error:
        parser.error(f"--only {arguments.only!r} is no regular expression: {error}")
    if not chosen_models(arguments):
        names = ", ".join(each.name for each in model_cases.FULL)
        parser.error(f"no model with the parts {', '.join(arguments.parts)} is found by {arguments.only!r}; there are {names}")
    return arguments


def main(argv=None):
    arguments = parse(argv)
    start = time.monotonic()
    late = lambda: time.monotonic() - start > arguments.limit  # noqa: E731
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    warnings.simplefilter("ignore")  # of the peers, about themselves
    transformers.logging.set_verbosity_error()
    dtype = torch.bfloat16 if arguments.device == "cuda" else torch.float32
    head = {"device": device_name(arguments.device), "torch": torch.__version__, "rounds": arguments.rounds}
    head |= {"threads": torch.get_num_threads(), "small": arguments.small}
    head |= {"versions": arms.versions(arguments.arms) | {"transformers": transformers.__version__}}
    result = Result(arguments.json, arguments.resume, head)
    print(", ".join([head["device"], *(f"{k} {v}" for k, v in head["versions"].items())]))
    left = []
    for model in chosen_models(arguments):
        parts = [each for each in PARTS if each in arguments.parts and each in model.parts]
        todo = [each for each in parts if not result.has(Part(model, each), dtype)]
        of_model = Arms(model, arguments.device, dtype) if todo and not late() else None
        for part in todo:
            if late():
                left.append(f"{model.name}, {part}")
                continue
            with progress(f"{model.name}, {part}"):
                row = run_part(model, part, of_model, arguments, dtype, late)
            result.add("cases", [row])
            print(f"\n{lines(row)}", flush=True)
        del of_model
        gc.collect()
        if arguments.device == "cuda":
            torch.compiler.reset()
            torch.cuda.empty_cache()
    bad = [f"{row['name']}, {row['group']}: {failed(row)}" for row in result.content["cases"] if failed(row)]
    print("\n" + ("\n".join(bad) if bad else "no arm of gems differs from eager"))
    if left:
        say(f"no time was left for {'; '.join(left)}; run again with --resume")
    say(f"{time.monotonic() - start:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
