#!/usr/bin/env python3
"""Benchmark of matrix products: eager and gems in turns, in one process; of a layer the product, and both of its gradients.

Of the group decode, whose matrices are used a few times between two reads from memory, the product only; operands are
used in turn, so that none is found in a cache. The last columns are the time of gems.dot_rows, which computes products
with a few vectors wherever the override would leave them, and that of a plain read of the matrix, a sum over each row,
beside it. The group decode layer is the same with bias, activation and residual: in eager mode several operators, in gems
linear_act (of gates linear_gate), beside it the rowwise op in one launch, wherever the operator would leave it, and the
override's product and bias_act (silu_and_mul) in two. Of the group vectors it is their dot product.

Each result is checked against eager's by its distance from a reference in f64. A case is slow when gems takes longer
than eager by more than the noise, which is how far two runs of gems are apart; it is measured again with three times the
rounds, and that counts. Exits with 1 when a case is slow, or wrong.

Examples: bench/products.py --json products.json
          bench/products.py --only "50257|batch" --dtypes bfloat16 --rounds 15
          bench/products.py --only "^decode" --dtypes bfloat16,float16
"""

import argparse
import dataclasses
import json
import math
import pathlib
import re
import statistics
import sys
import time
import typing

import paths  # noqa: F401  (finds gems)
import torch
import torch.nn.functional as F

import gems
import measure
from run_cases import device_name

EAGER, GEMS, AGAIN = "eager", "gems", "gems again"
DECODE, LAYER, VECTORS = "decode", "decode layer", "vectors"
GATE = "gate"
ROWS, TWO, READ = "dot_rows", "two launches", "read"
ACTIVATIONS = {"none": lambda x: x, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu}
CHECKED_ROWS = 64  # of the result, against f64
LEAST_NOISE = 0.03


@dataclasses.dataclass(frozen=True)
class Product:
    """x [m, k] times w [n, k] transposed; of a batch when that is not 1."""

    group: str
    m: int
    k: int
    n: int
    batch: int = 1
    act: str | None = None  # of a layer; GATE: of silu_and_mul of what it gives

    @property
    def name(self):
        batch = "" if self.batch == 1 else f"{self.batch} of "
        return f"{batch}{self.m}x{self.k}x{self.n}" + (f" {self.act}" if self.act else "")

    @property
    def is_decoding(self):
        return self.group in (DECODE, LAYER, VECTORS)


PRODUCTS = (
    Product("aligned", 4096, 4096, 4096),
    Product("aligned", 1024, 1024, 1024),
    Product("aligned", 64, 64, 64),
    Product("odd n", 8192, 768, 50257),
    Product("odd n", 8192, 4096, 50257),
    Product("odd n", 2048, 2048, 2047),
    Product("odd k", 2048, 2047, 2048),
    Product("odd k", 8192, 1023, 4096),
    Product("odd k and n", 4096, 4095, 4095),
    Product("odd k and n", 2048, 2047, 2047),
    Product("odd k and n", 1024, 1023, 1023),
    Product("odd k and n", 512, 511, 511),
    Product("odd k and n", 128, 127, 127),
    Product("odd m", 4095, 4096, 4096),
    Product("odd m", 1023, 1024, 1024),
    Product("multiples of 2 or 4", 8192, 4094, 4094),
    Product("multiples of 2 or 4", 8192, 4092, 4092),
    Product("thin", 64, 4096, 4095),
    Product("thin", 64, 4095, 4096),
    Product("thin", 16, 4096, 50257),
    Product("thin", 8, 4096, 50257),
    Product("thin", 4, 4096, 50257),
    Product("thin", 2, 4096, 50257),
    Product("thin", 1, 4096, 50257),
    Product("short", 8192, 7, 8192),
    Product("short", 8192, 15, 8191),
    Product("short", 8192, 63, 8191),
    Product("batch", 513, 64, 513, 64),
    Product("batch", 1023, 64, 1023, 96),
    Product("batch", 1025, 127, 1025, 16),
    Product("batch", 2047, 2047, 2047, 8),
    Product(DECODE, 1, 128, 1024, 32),
    Product(DECODE, 1, 128, 8192, 256),
    Product(DECODE, 8, 64, 2048, 96),
    Product(DECODE, 4, 4096, 1024, 8),
    *(Product(VECTORS, 1, k, 1) for k in (4096, 1 << 17, 1 << 20, 1 << 24)),
    *(
        Product(DECODE, m, k, n)
        for n, k in (
            (4096, 4096),
            (14336, 4096),
            (4096, 14336),
            (32000, 4096),
            (50257, 768),
            (1024, 1024),
            (2816, 1024),
            (128256, 2048),
        )
        for m in (1, 2, 4, 8)
    ),
    *(
        Product(LAYER, m, k, n, act=act)
        for n, k, act in (
            (4096, 4096, "none"),
            (14336, 4096, "silu"),
            (4096, 14336, "none"),
            (3072, 768, "gelu_tanh"),
            (768, 3072, "none"),
            (1024, 1024, "silu"),
            (28672, 4096, GATE),
            (5632, 1024, GATE),
        )
        for m in (1, 4, 8)
    ),
)


def transposed(x):
    return x.transpose(-2, -1)


def operands(product, dtype, device):
    """{direction: pairs of matrices, which are used in turn}."""
    shape = () if product.batch == 1 else (product.batch,)

    def make(rows, columns):
        return torch.randn(*shape, rows, columns, device=device, dtype=dtype)

    if product.is_decoding:
        count = math.ceil(measure.ROTATION_BYTES / (product.batch * product.n * product.k * dtype.itemsize))
        if product.group == VECTORS:  # short ones are found in a cache
            return {"forward": [tuple(make(2, product.k)) for _ in range(min(count, 256))]}
        return {"forward": [(make(product.m, product.k), transposed(make(product.n, product.k))) for _ in range(count)]}
    x, w, grad = (make(product.m, product.k), make(product.n, product.k), make(product.m, product.n))
    return {"forward": [(x, transposed(w))], "dx": [(grad, w)], "dw": [(transposed(grad), x)]}


@dataclasses.dataclass(frozen=True)
class Calls:
    """Functions of the two matrices; the exact one is given them in f64, with some rows of the first."""

    eager: typing.Callable
    gems: typing.Callable
    exact: typing.Callable
    others: dict = dataclasses.field(default_factory=dict)  # by name, under the override


def calls_of(product, dtype, device):
    def rows(x, w):
        return ops.dot_rows(x.unsqueeze(-2), transposed(w).unsqueeze(-3), None, 1.0, 1.0)

    def read(x, w):
        return torch.sum(w, -2)

    ops = torch.ops.gems
    if product.group == VECTORS:
        return Calls(torch.dot, torch.dot, torch.dot)
    if product.act is None:
        call = torch.mm if product.batch == 1 else torch.bmm
        return Calls(call, call, torch.matmul, {ROWS: rows, READ: read} if product.group == DECODE else {})

    if product.act == GATE:

        def gated(x, w):
            gate, value = (x @ w).chunk(2, -1)
            return F.silu(gate) * value

        def in_one(x, w):
            gates, values = w.t()[None].chunk(2, 1)
            return ops.dot_rows_gate(x[:, None], gates, values, None, None)

        others = {ROWS: in_one, TWO: lambda x, w: ops.silu_and_mul(torch.mm(x, w)), READ: read}
        return Calls(gated, lambda x, w: ops.linear_gate(x, w.t()), gated, others)

    bias, residual = (torch.randn(size, device=device, dtype=dtype) for size in ((product.n,), (product.m, product.n)))
    act = ACTIVATIONS[product.act]

    def in_one(x, w):
        return ops.dot_rows_act(x[:, None], w.t()[None], bias.expand(residual.shape), residual, product.act)

    def in_two(x, w):
        if product.act == "none":
            return torch.addmm(bias, x, w) + residual
        return ops.bias_act(torch.mm(x, w), bias, residual, product.act, dim=[-1])

    return Calls(
        lambda x, w: act(F.linear(x, w.t(), bias)) + residual,
        lambda x, w: ops.linear_act(x, w.t(), bias, product.act, residual),
        lambda x, w: act(x @ w + bias.double()) + residual.double(),
        {ROWS: in_one, TWO: in_two, READ: read},
    )


def problem(calls, a, b):
    """What is wrong with gems' result, as text; None when nothing is."""
    expected = calls.eager(a, b)
    with gems.use_gems():
        given = calls.gems(a, b)
    if given.shape != expected.shape or given.stride() != expected.stride():
        return f"shape {tuple(given.shape)}, strides {given.stride()}"
    step = 1 if a.dim() == 1 else max(1, a.shape[-2] // CHECKED_ROWS)
    checked = [each if step == 1 else each[..., ::step, :] for each in (a, given, expected)]
    reference = calls.exact(checked[0].double(), b.double())
    far, allowed = ((each.double() - reference).abs().max().item() for each in checked[1:])
    if far <= 1.5 * allowed + torch.finfo(given.dtype).eps * reference.abs().max().item() / 4:
        return None
    return f"{far:.3g} from f64, eager {allowed:.3g}"


def run_case(product, direction, pairs, rounds):
    a, b = pairs[0]
    calls = calls_of(product, a.dtype, a.device)
    row = {"group": product.group, "name": product.name, "direction": direction, "dtype": str(a.dtype)[6:]}
    gems.reset_report()
    row["wrong"] = problem(calls, a, b)
    row["served"] = any(each.served for each in gems.report().values())
    # Otherwise counted as one that needs no graph: launches are queued as a model's are.
    total = b.nbytes if product.is_decoding else measure.GRAPH_BELOW_BYTES

    def arm(call):
        return measure.cuda_arm(call, pairs, total, burst_s=0.004) if a.is_cuda else measure.cpu_arm(call, pairs)

    arms = {EAGER: arm(calls.eager)}
    with gems.use_gems():
        arms |= {name: arm(call) for name, call in {GEMS: calls.gems, **calls.others}.items()}
    arms |= {name: measure.in_scope(arms[name], gems.use_gems) for name in arms if name != EAGER}
    row |= timing(arms, rounds)
    return row | timing(arms, 3 * rounds) if row["slow"] else row


def timing(arms, rounds):
    seconds = measure.interleave(arms | {AGAIN: arms[GEMS]}, rounds)
    times = {name: 1e6 * statistics.median(seconds[name]) for name in arms}
    of_eager, noise = (measure.ratio(seconds, EAGER, GEMS), measure.spread(seconds, GEMS, AGAIN))
    return {"us": times, "of_eager": of_eager, "noise": noise, "slow": of_eager + max(noise, LEAST_NOISE) < 1}


def line(row):
    verdict = f"WRONG: {row['wrong']}" if row["wrong"] else "slow" if row["slow"] else ""
    done = "served" if row["served"] else "passed on"
    us = row["us"]
    others = "".join(f"{name} {us[name]:>8.1f}, " for name in (ROWS, TWO) if name in us)
    of_read = f"{others}{us[READ] / us[ROWS]:.2f} of a read" if ROWS in us else ""
    return (f"{row['group']:<20}{row['name']:<24}{row['direction']:<9}{row['dtype']:<10}{row['us'][EAGER]:>10.1f}"
            f"{row['us'][GEMS]:>10.1f}{row['of_eager']:>8.2f}x{100 * row['noise']:>7.1f}%  "
            f"{done:<10}{of_read} {verdict}").rstrip()  # fmt: skip


def chosen(arguments):
    return [(product, dtype) for dtype in arguments.dtypes.split(",") for product in PRODUCTS
            if re.search(arguments.only, f"{product.group}: {product.name}, {dtype}")]  # fmt: skip


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtypes", default="bfloat16", help="separated by commas; float32 is computed in TF32")
    parser.add_argument("--only", default="", help='cases whose "group: name, dtype" this regular expression finds')
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=pathlib.Path, help="write the results here")
    parser.add_argument("--limit", type=float, help="seconds after which no further case is begun")
    arguments = parser.parse_args(argv)

    torch.backends.cuda.matmul.allow_tf32 = True
    start = time.monotonic()
    result = {"device": device_name(arguments.device), "torch": torch.__version__, "cases": []}
    print(f"{'group':<20}{'m x k x n':<24}{'':<9}{'':<10}{'eager us':>10}{'gems us':>10}{'faster':>9}{'noise':>8}")
    for product, dtype in chosen(arguments):
        if arguments.limit and time.monotonic() - start > arguments.limit:
            print("no time was left for more")
            break
        for direction, pairs in operands(product, getattr(torch, dtype), arguments.device).items():
            row = run_case(product, direction, pairs, arguments.rounds)
            result["cases"].append(row)
            print(line(row), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    failed = [row for row in result["cases"] if row["wrong"] or row["slow"]]
    print(f"{len(failed)} of {len(result['cases'])} cases are slow or wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
