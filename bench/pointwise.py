#!/usr/bin/env python3
"""Benchmark of pointwise operators: gems beside a copy of the same size, eager PyTorch, torch.compile (the faster of two
modes), FlagGems, CuPy and jiterator, as far as they are installed, in one process, in turns.

Every timed call is first checked against eager's result. Ratios are medians over rounds; gems runs twice to show the
noise. Exits with 1 when a result of gems is wrong or a case ran on ATen's kernel; a missed target is listed.

Examples: bench/pointwise.py --json results.json
          bench/pointwise.py --arms eager --only gelu --rounds 31
          bench/pointwise.py --json results.json --limit 500    # and again with --resume, until nothing is left
"""

import sys

import paths  # noqa: F401  (finds gems)

import cases
import first_calls
import options
import program
import targets
from operands import GPU_SCALE

PARTS = {
    "cases": "large operands, by family",
    "small": "2^10 to 2^23 elements",
    "host": "host time of a call of tiny operands",
    "first": "first calls: compiling, or finding the kernel on disk",
}


def tables(device, parts):
    """Names of the tables of cases.py that the parts stand for."""
    large = ["cases.CPU_CASES"] if device == "cpu" else ["cases.GPU_CASES"]
    return (large if "cases" in parts else []) + (["cases.SMALL_CASES"] if "small" in parts and device == "cuda" else [])


def parse(argv):
    arguments = options.parse(argv, __doc__, PARTS, tables)
    arguments.scale = GPU_SCALE
    return arguments


def main(argv=None):
    arguments = parse(argv)
    first = lambda: first_calls.run(arguments.arms, arguments.device)  # noqa: E731
    return program.run(arguments, tables, cases.HOST_CASES, targets.POINTWISE, first)


if __name__ == "__main__":
    sys.exit(main())
