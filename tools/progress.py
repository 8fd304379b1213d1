"""Runs a command with its output in a file, and says how far it is where the output has Ninja's [done/of] lines.

On a terminal the line is kept up to date; elsewhere there is a line every half minute. tools/demo and tools/check build
with it. How long a build will still take follows from the steps that Ninja has planned and what such steps cost beside
each other: those that include PyTorch's headers come last.

Example: tools/progress.py "demo: building" build/demo/log.txt cmake --build build
"""

import pathlib
import re
import subprocess
import sys
import time

ON_TERMINAL_S, ELSEWHERE_S = 1, 30
STATUS = re.compile(r"^\[(\d+)/(\d+)\] ?(.*)$", re.MULTILINE)
# What a step costs beside others, by the first that matches.
COSTS = (
    (re.compile(r"Building CXX object (runtime|test)/aten/"), 10),
    (re.compile(r"Building CXX object"), 5),
    (re.compile(r"Linking CXX (executable|shared)"), 1),
    (re.compile(""), 0.1),
)


def _cost(step):
    return next(cost for pattern, cost in COSTS if pattern.match(step))


def _planned(command, cwd):
    """What a build is going to print, without building."""
    if command[:2] != ["cmake", "--build"]:
        return ""
    return subprocess.run([*command, "--", "-n"], cwd=cwd, capture_output=True, text=True).stdout


def how_far(output, seconds, planned=""):
    """What the last status in the output says, with the time that is left at the speed so far; nothing without one."""
    found = STATUS.findall(output)
    if not found:
        return ""
    done, total = map(int, found[-1][:2])
    text = f"{done} of {total} steps"
    if done == 0:
        return text
    cost_done, cost = (sum(_cost(step) for _, _, step in STATUS.findall(steps)) for steps in (output, planned))
    share = cost_done / cost if 0 < cost_done < cost else done / total  # a build that is not as planned
    left = seconds * (1 - share) / share
    return f"{text}, about {left:.0f} s left" if left < 100 else f"{text}, about {left / 60:.0f} min left"


def run(label, path, command, cwd=None, every_s=None):
    """The command's exit status. The label stands at the end of what is printed, without a newline."""
    terminal = sys.stdout.isatty()
    every_s = every_s or (ON_TERMINAL_S if terminal else ELSEWHERE_S)
    print(label, end="", flush=True)
    planned = _planned(command, cwd)
    start = time.monotonic()
    with path.open("w") as log, subprocess.Popen(command, cwd=cwd, stdout=log, stderr=subprocess.STDOUT) as process:
        while True:
            try:
                status = process.wait(every_s)
                break
            except subprocess.TimeoutExpired:
                if text := how_far(path.read_text(errors="replace"), time.monotonic() - start, planned):
                    print(f"\r{label} {text}\033[K" if terminal else f" {text}\n{label}", end="", flush=True)
    if terminal:
        print(f"\r{label}\033[K", end="", flush=True)
    return status


if __name__ == "__main__":
    outcome = run(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:])
    print()
    sys.exit(outcome)
