"""Runs a command with its output in a file, and says how far it is where the output has Ninja's [done/of] lines.

On a terminal the line is kept up to date; elsewhere there is a line a minute. tools/demo and tools/check build with it.

Example: tools/progress.py "demo: building" build/demo/log.txt cmake --build build
"""

import pathlib
import re
import subprocess
import sys
import time

ON_TERMINAL_S, ELSEWHERE_S = 1, 60
TAIL_BYTES = 4096


def how_far(output, seconds):
    """What the last status in the output says, with the time that is left at the speed so far; nothing without one."""
    found = re.findall(r"^\[(\d+)/(\d+)\]", output, re.MULTILINE)
    if not found:
        return ""
    done, total = map(int, found[-1])
    text = f"{done} of {total} steps"
    if done == 0:
        return text
    left = seconds * (total - done) / done
    return f"{text}, about {left:.0f} s left" if left < 100 else f"{text}, about {left / 60:.0f} min left"


def _tail(path):
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read().decode(errors="replace")


def run(label, path, command, cwd=None, every_s=None):
    """The command's exit status. The label stands at the end of what is printed, without a newline."""
    terminal = sys.stdout.isatty()
    every_s = every_s or (ON_TERMINAL_S if terminal else ELSEWHERE_S)
    print(label, end="", flush=True)
    start = time.monotonic()
    with path.open("w") as log, subprocess.Popen(command, cwd=cwd, stdout=log, stderr=subprocess.STDOUT) as process:
        while True:
            try:
                status = process.wait(every_s)
                break
            except subprocess.TimeoutExpired:
                if text := how_far(_tail(path), time.monotonic() - start):
                    print(f"\r{label} {text}\033[K" if terminal else f" {text}\n{label}", end="", flush=True)
    if terminal:
        print(f"\r{label}\033[K", end="", flush=True)
    return status


if __name__ == "__main__":
    outcome = run(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:])
    print()
    sys.exit(outcome)
