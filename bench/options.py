"""The options of the programs that measure cases."""

import argparse
import os
import pathlib
import re

import torch

import arms
from run_cases import selected


def parse(argv, description, parts, tables, peers=tuple(arms.PEERS)):
    """The arguments; ends the program with a sentence about one that names nothing.

    parts: {name: what it is}. tables(device, parts): the names of their tables. peers: the arms when none are named.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--parts", default=",".join(parts), help="; ".join(f"{k}: {v}" for k, v in parts.items()))
    parser.add_argument("--only", default="", help='cases whose "family: name, dtype" this regular expression finds')
    parser.add_argument("--arms", help=f"peers, separated by commas, of {', '.join(peers)} (default: eager on the CPU, all "
                        "that are installed on a GPU)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, help="threads of all arms on the CPU")
    parser.add_argument("--json", type=pathlib.Path, help="write the results here, after every case")
    parser.add_argument("--resume", action="store_true", help="keep what --json holds, measure only what it lacks")
    parser.add_argument("--limit", "--seconds", type=float, help="seconds after which no further case is begun")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1,
                        help="processes that compile for torch.compile and FlagGems ahead")  # fmt: skip
    parser.add_argument("--compile-limit", type=int, default=60, help="seconds that a peer may take to compile a case")
    arguments = parser.parse_args(argv)
    arguments.parts = [each for each in arguments.parts.split(",") if each]
    if unknown := [each for each in arguments.parts if each not in parts]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(parts)}")
    try:
        arguments.arms = arms.chosen(arguments.arms or (",".join(peers) if arguments.device == "cuda" else "eager"))
    except ValueError as error:
        parser.error(str(error))
    if arguments.only:
        try:
            re.compile(arguments.only)
        except re.error as error:
            parser.error(f"--only {arguments.only!r} is no regular expression: {error}")
        arguments.parts = [each for each in arguments.parts if tables("cuda", [each])]
        names = tables(arguments.device, arguments.parts)
        if not selected(names, arguments.only, arguments.device):
            known = sorted({case.key(dtype) for _, _, case, dtype in selected(names, "", arguments.device)})
            parser.error(f"no case is found by {arguments.only!r}; there are {'; '.join(known)}")
    return arguments
