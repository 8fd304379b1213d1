#!/usr/bin/env python3
"""Benchmark of reductions, softmax, norms and losses: gems beside a copy of the same size, eager PyTorch, torch.compile
(the faster of two modes), FlagGems and Liger, as far as they are installed, in one process, in turns.

A copy's bytes are those of each operand, read once, and of each result, written once. Otherwise as pointwise.py: every
timed call is first checked against eager's; exits with 1 when a result of gems is wrong or a case ran on ATen's kernel.
On the CPU a case has at most 2^21 elements.

Examples: bench/rowwise.py --json rows.json
          bench/rowwise.py --arms eager --only "softmax|norm" --rounds 31
          bench/rowwise.py --json rows.json --seconds 500    # and again with --resume, until nothing is left
"""

import sys

import paths  # noqa: F401  (finds gems)

import options
import program
import row_cases
import targets
from operands import CPU_SCALE, GPU_SCALE

PARTS = {
    "cases": "large operands, by family",
    "few": "1 to 64 rows",
    "host": "host time of a call of tiny operands",
}
TABLES = {"cases": "row_cases.LARGE", "few": "row_cases.FEW"}
PEERS = ("eager", "compile", "flaggems", "liger")


def tables(device, parts):
    return [TABLES[each] for each in parts if each in TABLES]


def main(argv=None):
    arguments = options.parse(argv, __doc__, PARTS, tables, PEERS)
    arguments.scale = CPU_SCALE if arguments.device == "cpu" else GPU_SCALE
    return program.run(arguments, tables, row_cases.HOST, targets.ROWWISE)


if __name__ == "__main__":
    sys.exit(main())
