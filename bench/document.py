#!/usr/bin/env python3
"""Writes the tables of docs/performance.md and the figures of the README from the JSON of the benchmarks and bench/ncu.py.

A document names a table in a pair of comments, between which this program writes:
    <!-- table: groups docs/performance/h200.json -->
    <!-- end of table -->

Examples: bench/document.py README.md docs/performance.md
          bench/document.py --check README.md docs/performance.md
"""

import argparse
import json
import pathlib
import re
import sys

import paths  # noqa: F401  (finds gems)
import arms
import model_rows
import ncu
import targets
from first_calls import STEPS
from rows import failed, groups, labels, mean, missed, of_copy, speed_up, title, worst

ROOT = pathlib.Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- table: (?P<name>[\w ]+?) (?P<file>\S+\.json) -->\n)(?P<body>.*?)(<!-- end of table -->)", re.DOTALL)


def lines(headings, body):
    rows = [headings, ["---"] * len(headings), *body]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def number(value, form):
    return "" if value is None else format(value, form)


def _large(result):
    return [row for row in result["cases"] if arms.GEMS in row["arms"] and row["group"] != "small"]


def _shown_groups(result):
    return {**groups(_large(result)), "all": _large(result)}


def group_table(result):
    """Means beside a copy, gems' worst case."""
    found = sorted(labels(_large(result)), key=lambda name: name != arms.GEMS)
    headings = ["of a copy, geometric mean", *(arms.LABELS[name] for name in found), "gems' worst case"]
    body = [
        [f"{group} ({len(rows)})", *(_of_some(rows, name, of_copy, ".2f") for name in found)]
        + [f"{of_copy(worst(rows), arms.GEMS):.3f}: {title(worst(rows))}"]
        for group, rows in _shown_groups(result).items()
    ]
    return lines(headings, body)


def figures(result):
    """The means as a sentence."""
    rows = _large(result)
    peers = [name for name in labels(rows) if name != arms.GEMS]
    beside = [f"{mean(speed_up(row, name) for row in rows):.2f}x {arms.LABELS[name]}" for name in peers]
    copy = mean(of_copy(row, arms.GEMS) for row in rows)
    return (f"Mean speed over {len(rows)} calls on one {result['device']}: {copy:.2f} of a copy of the same bytes,\n"
            f"{', '.join(beside)}.\n")  # fmt: skip


def speed_up_table(result):
    """How many times faster gems is, by group."""
    found = [name for name in labels(_large(result)) if name != arms.GEMS]
    headings = ["speed-up, geometric mean", *(arms.LABELS[name] for name in found)]
    body = [
        [group, *(_of_some(rows, name, speed_up, ".2f") for name in found)]
        for group, rows in _shown_groups(result).items()
    ]
    return lines(headings, body)


def _of_some(rows, name, value, form):
    """The mean over the cases that the arm runs, and how many these are when not all."""
    values = [value(row, name) for row in rows]
    ran = [each for each in values if each is not None]
    if not ran:
        return ""
    return format(mean(ran), form) + ("" if len(ran) == len(rows) else f" ({len(ran)})")


def case_table(result):
    rows = [row for row in result["cases"] if arms.GEMS in row["arms"]]
    found = sorted(labels(rows), key=lambda name: name != arms.GEMS)
    headings = ["case", "group", "us", *(arms.LABELS[name] for name in found)]
    body = [
        [title(row), row["group"], f"{row['arms'][arms.GEMS]['us']:.1f}", *(number(of_copy(row, name), ".3f") for name in found)]
        for row in rows
    ]  # fmt: skip
    return lines(headings, body)


def speed_up_matrix(result):
    """Speed-up over eager, a column a case and a row a dtype."""
    rows = [row for row in result["cases"] if arms.GEMS in row["arms"]]
    names = list(dict.fromkeys(row["name"] for row in rows))
    found = {(row["name"], row["dtype"]): speed_up(row, "eager") for row in rows}
    dtypes = dict.fromkeys(row["dtype"] for row in rows)
    body = [[dtype, *(number(found.get((name, dtype)), ".2f") for name in names)] for dtype in dtypes]
    return lines(["speed-up over eager", *names], body)


def missed_table(result):
    found = {title(row): [failed(row)] * (failed(row) is not None) + missed(row) for row in result["cases"] if row["arms"]}
    under = [[name, "; ".join(why)] for name, why in found.items() if why]
    return lines(["case", "found"], under) if under else "Every case reaches its targets.\n"


def small_table(result):
    rows = [row for row in result["cases"] if row["group"] == "small" and arms.GEMS in row["arms"]]
    found = sorted(labels(rows), key=lambda name: name != arms.GEMS)
    best = lambda row, name: min(row["arms"][each]["us"] for each in arms.modes(name) if each in row["arms"])  # noqa: E731
    body = [
        [title(row), *(f"{best(row, name):.2f}" if of_copy(row, name) else "" for name in found), f"{row['copy_us']:.2f}"]
        for row in rows
    ]
    return lines(["us on the device", *(arms.LABELS[name] for name in found), "copy"], body)


def host_table(result):
    rows = result["host"]
    names = [name for name in arms.ARMS if any(name in row["us"] for row in rows)]
    names = sorted(names, key=lambda name: name != arms.GEMS)
    body = [
        [f"`{row['name']}`", *(number(row["us"].get(name), ".1f") for name in names), f"{row['of_eager']:.2f}"]
        for row in rows
    ]
    return lines(["us on the host", *(arms.LABELS.get(name, f"torch.{name}") for name in names), "of eager"], body)


def first_call_table(result):
    headings = ["ms to the first result", "first of a process", "add", "gelu", "first, from disk", "add", "gelu"]
    body = []
    for row in result["first_calls"]:
        for what, of in (("", lambda state: state), (", the kernels alone", lambda state: state.get("kernels", {}))):
            taken = [of(row[state]).get(call) for state in ("compiled", "from disk") for call in STEPS]
            shown = [number(value, ".0f" if value and value >= 100 else ".3g") for value in taken]
            if any(shown):
                body.append([arms.LABELS[row["name"]] + what, *shown])
    return lines(headings, body)


def counter_table(counted):
    headings = ["group", "case", "MB needed", *(heading for _, heading, _, _ in ncu.METRICS.values()), "kernel"]
    body = [
        [row["group"], row["case"], f"{row['mb_needed']:.1f}"]
        + [number(row[name], f".{digits}f") for name, _, _, digits in ncu.METRICS.values()]
        + [f"`{row['kernel']}`"]
        for row in counted
    ]
    return lines(headings, body)


def target_table(result):
    headings = ["group", "of a copy", "eager", "torch.compile"]
    body = []
    for group, table in targets.TARGETS.items():
        for (device, size), target in table.items():
            if device is None or device == result["device"]:
                which = [f"{size} bytes"] * (size is not None) + [device] * (device is not None)
                shown = [number(value, ".2f") for value in (target.copy, target.eager, target.compile)]
                body.append([group + (f" ({', '.join(which)})" if which else ""), *shown])
    return lines(headings, body)


def _model_cells(row, names, value):
    return [value(row["arms"][name]) if name in row["arms"] else "" for name in names]


def model_table(result):
    """Of each part of a model the time of eager, how many times faster the others are, and what memory all need."""
    rows, names = result["cases"], model_rows.labels(result["cases"])
    others = [name for name in names if name != model_rows.EAGER]
    headings = ["model", "part", "eager, ms", *(model_rows.LABELS[name] for name in others)]
    headings += [f"{model_rows.LABELS[name]}, peak GB" for name in names]
    body = [
        [row["name"], row["group"], f"{row['arms'][model_rows.EAGER]['ms']:.1f}"]
        + _model_cells(row, others, lambda found: f"{found['of_eager']:.2f}x")
        + _model_cells(row, names, lambda found: f"{found['peak_mb'] / 1000:.2f}" if "peak_mb" in found else "")
        for row in rows
    ]
    return lines(headings, body)


def model_kernel_table(result):
    """How many kernels an arm launches in a call, and the classes' shares of their time."""
    body = []
    for row in result["cases"]:
        for name in model_rows.labels([row]):
            found = row["arms"][name]
            if "kernels" in found:
                shares = model_rows.shares(found)
                body.append([row["name"], row["group"], model_rows.LABELS[name], str(found["kernels"])]
                            + [f"{found['kernel_ms']:.1f}"]
                            + [number(shares.get(each), ".1%") for each in model_rows.CLASSES])  # fmt: skip
    return lines(["model", "part", "", "kernels", "ms of kernels", *model_rows.CLASSES], body)


def decode_table(result):
    """Tokens a second; launches of a call; us in which the host queues one token of each sequence, and those of one from a
    CUDA graph."""
    rows = [row for row in result["cases"] if row["group"] == "decode"]
    names = model_rows.labels(rows)
    headings = ["model", *(f"{model_rows.LABELS[name]}, tokens/s" for name in names)]
    body = [
        [row["name"], *(f"{model_rows.tokens_per_s(row, name):.0f}" if name in row["arms"] else "" for name in names)]
        for row in rows
    ]
    for what, key in (("launches", "kernels"), ("host us", "host_us"), ("graph us", "graph_us")):
        measured = [name for name in names if any(key in row["arms"].get(name, {}) for row in rows)]
        headings += [f"{model_rows.LABELS[name]}, {what}" for name in measured]
        for row, cells in zip(rows, body, strict=True):
            cells += _model_cells(row, measured, lambda found, key=key: number(found.get(key), ".0f"))
    return lines(headings, body)


def product_table(result):
    """Products, and layers in one launch and in two, beside eager and beside a kernel that only reads the matrix."""
    us = lambda row, name: number(row["us"].get(name), ".1f")  # noqa: E731
    body = [
        [f"{row['name']}, {row['dtype']}", us(row, "eager"), us(row, "gems"), us(row, "two launches"), f"{row['of_eager']:.2f}x",
         f"{row['us']['read'] / row['us']['gems']:.2f}" if "read" in row["us"] else ""]
        for row in result["cases"] if not row["wrong"]
    ]  # fmt: skip
    return lines(["m x k x n", "eager, us", "gems, us", "in two launches, us", "eager over gems", "of a read"], body)


TABLES = {
    "groups": group_table,
    "speed ups": speed_up_table,
    "cases": case_table,
    "matrix": speed_up_matrix,
    "missed": missed_table,
    "small": small_table,
    "host": host_table,
    "first calls": first_call_table,
    "counters": counter_table,
    "targets": target_table,
    "models": model_table,
    "model kernels": model_kernel_table,
    "model decoding": decode_table,
    "products": product_table,
    "figures": figures,
}


def filled(text):
    """The text with its tables written anew. Raises KeyError for a table that does not exist."""

    def write(match):
        if match["name"] not in TABLES:
            raise KeyError(f"no table {match['name']!r}; there are {', '.join(TABLES)}")
        result = json.loads((ROOT / match["file"]).read_text())
        return f"{match[1]}{TABLES[match['name']](result)}{match[5]}"

    return BLOCK.sub(write, text)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="+", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a table is out of date")
    arguments = parser.parse_args(argv)
    stale = []
    for path in arguments.documents:
        before = path.read_text()
        after = filled(before)
        if after != before:
            stale.append(str(path))
            if not arguments.check:
                path.write_text(after)
    if arguments.check and stale:
        print(f"tables are out of date: run bench/document.py {' '.join(stale)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
