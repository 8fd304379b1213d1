#!/usr/bin/env python3
"""Hardware counters of gems' kernels, one launch of each group's slowest case, by Nsight Compute (ncu).

Examples: bench/ncu.py results.json --json counters.json
          bench/ncu.py results.json --only "^x . y.t"
          bench/ncu.py results.json --csv counters.csv      # read what an earlier run has printed
"""

import argparse
import csv
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import paths  # noqa: F401  (finds gems)
import arms
import cases
from operands import Make
from rows import groups, title, worst

# Metric of ncu: (name in the JSON, heading, factor, digits)
METRICS = {
    "gpu__time_duration.sum": ("us", "us", 1e-3, 1),
    "dram__bytes.sum": ("dram_bytes", "MB moved", 1e-6, 1),
    "l1tex__average_t_sectors_per_request_pipe_lsu_mem_global_op_ld.ratio": ("load_sectors", "sectors a load", 1, 1),
    "l1tex__average_t_sectors_per_request_pipe_lsu_mem_global_op_st.ratio": ("store_sectors", "sectors a store", 1, 1),
    "launch__registers_per_thread": ("registers", "registers", 1, 0),
    "sm__warps_active.avg.pct_of_peak_sustained_active": ("occupancy_percent", "occupancy %", 1, 0),
}
RANGE = re.compile(r"gems-(\d+)")
USUAL = "/usr/local/cuda/bin/ncu"


def find_case(row):
    """The case and dtype that a row of the results was measured with."""
    for case in cases.GPU_CASES + cases.SMALL_CASES:
        for dtype in case.dtypes:
            if (case.group, case.name, str(dtype)[6:]) == (row["group"], row["name"], row["dtype"]):
                return case, dtype
    raise KeyError(f"no case {title(row)} in cases.py; measure again with bench/pointwise.py")


def run_once(rows):
    """One profiled call of each row's case, in a range that carries its number. Runs under ncu."""
    import torch

    cudart = torch.cuda.cudart()
    for number, row in enumerate(rows):
        case, dtype = find_case(row)
        operands = case.operands(Make("cuda"), dtype)
        prepared = arms.prepare(arms.GEMS, case, dtype, [operands])
        with prepared.scope():
            prepared.call(*operands)
            torch.cuda.synchronize()
            torch.cuda.nvtx.range_push(f"gems-{number}")
            cudart.cudaProfilerStart()
            prepared.call(*operands)
            torch.cuda.synchronize()
            cudart.cudaProfilerStop()
            torch.cuda.nvtx.range_pop()


def command(ncu, results, only, log):
    return [
        ncu, "--clock-control", "none", "--profile-from-start", "off", "--nvtx", "--csv", "--page", "raw",
        "--print-units", "base", "--metrics", ",".join(METRICS), "--log-file", str(log),
        sys.executable, str(pathlib.Path(__file__).resolve()), str(results), "--only", only, "--profiled",
    ]  # fmt: skip


def parse(text):
    """[{number, kernel, metrics by the names of METRICS}], one a launch, from ncu's raw page as CSV."""
    lines = [line for line in text.splitlines() if line.startswith('"')]
    found = []
    for record in csv.DictReader(lines):
        if not record["ID"]:
            continue  # the line of units
        ranges = " ".join(value for key, value in record.items() if key and "Push/Pop_Range" in key and value)
        number = RANGE.search(ranges)
        if number is None:
            continue
        launch = {"number": int(number.group(1)), "kernel": record["Kernel Name"].split("(")[0]}
        for metric, (name, _, factor, _) in METRICS.items():
            value = record.get(metric, "").replace(",", "")
            launch[name] = float(value) * factor if re.fullmatch(r"[\d.eE+-]+", value) else None
        found.append(launch)
    return found


def joined(rows, launches):
    """Each launch with the group and title of its row, and what the case has to move."""
    return [
        {"group": rows[each["number"]]["group"], "case": title(rows[each["number"]])}
        | {"mb_needed": rows[each["number"]]["bytes"] / 1e6}
        | {key: value for key, value in each.items() if key != "number"}
        for each in launches
    ]


def table(counted):
    headings = "".join(f"{heading:>17}" for _, heading, _, _ in METRICS.values())
    lines = [f"{'group':<14}{'case':<42}{'MB needed':>10}{headings}  kernel"]
    for row in counted:
        values = "".join(
            f"{'-' if row[name] is None else format(row[name], f'.{digits}f'):>17}"
            for name, _, _, digits in METRICS.values()
        )
        lines.append(f"{row['group']:<14}{row['case']:<42}{row['mb_needed']:>10.1f}{values}  {row['kernel']}")
    return "\n".join(lines)


def chosen(results, only):
    """The slowest case of each group, or all cases whose title the regular expression finds."""
    rows = [row for row in results["cases"] if arms.GEMS in row["arms"]]
    if only:
        return [row for row in rows if re.search(only, title(row))]
    return [worst(members) for group, members in groups(rows).items() if group != "small"]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path, help="JSON written by bench/pointwise.py")
    parser.add_argument("--only", default="", help="cases whose title this regular expression finds, instead of each group's slowest")
    parser.add_argument("--csv", type=pathlib.Path, help="read ncu's output from here, or keep it here")
    parser.add_argument("--json", type=pathlib.Path, help="write the table here")
    parser.add_argument("--profiled", action="store_true", help=argparse.SUPPRESS)  # this is the process under ncu
    arguments = parser.parse_args(argv)
    rows = chosen(json.loads(arguments.results.read_text()), arguments.only)
    if not rows:
        parser.error(f"no case of {arguments.results} is found by {arguments.only!r}")
    if arguments.profiled:
        run_once(rows)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        log = arguments.csv or pathlib.Path(folder) / "ncu.csv"
        if not log.exists():
            ncu = shutil.which("ncu") or USUAL
            if not pathlib.Path(ncu).exists():
                parser.error("no ncu on this machine; install Nsight Compute, or give --csv with an earlier run's output")
            subprocess.run(command(ncu, arguments.results, arguments.only, log), check=True)
        counted = joined(rows, parse(log.read_text()))
    print(table(counted))
    if arguments.json:
        arguments.json.write_text(json.dumps(counted, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
