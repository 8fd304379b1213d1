"""The steps of tools/check: runs them in order, times them, keeps their logs, and says how to rerun what failed."""

import argparse
import dataclasses
import os
import pathlib
import re
import shlex
import sys
import time

import progress

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "check"
PYTHON = str(ROOT / ".venv/bin/python")
STYLE = ("test/tools/test_format.py", "test/tools/test_layering.py")
DOCS = "test/tools/test_docs.py"
JOBS = str(os.cpu_count() or 1)


def pytest(*arguments):
    return [PYTHON, "-m", "pytest", "-p", "no:cacheprovider", *arguments]


def ctest(layer, *arguments):
    return ["ctest", "--test-dir", f"build/test/{layer}", "--output-on-failure", "-j", JOBS, "--no-tests=error", *arguments]


# Name -> (command, what it checks). In this order; the first two are needed by all that follow.
STEPS = {
    "configure": (["cmake", "--preset", "default"], "CMake finds all it needs"),
    "build": (["cmake", "--build", "--preset", "default"], "everything compiles"),
    "style": (pytest("-q", *STYLE), "clang-format, layers, file sizes, names"),
    "dsl": (ctest("dsl"), "dsl: Catch2, compile-fail cases"),
    "ops": (ctest("ops"), "the catalogue's definitions: Catch2"),
    "compiler": (ctest("compiler", "-E", "lit"), "compiler: goldens, CUDA text as host C++, CPU kernels"),
    "lit": (ctest("compiler", "-R", "lit"), "every pass, with FileCheck"),
    "runtime": (ctest("runtime"), "runtime: plans, cache promises, CPU launches"),
    "call": (ctest("aten"), "gems::call on at::Tensor from C++"),
    "aten": (pytest("-n", JOBS, "test/aten"), "ATen exactness on CPU tensors"),
    "nvrtc": (["build/bin/gems-codegen", "check", "--sample", "1000"], "a sample of all kernels compiles with NVRTC"),
    "tools": (pytest("-q", "test/tools", *(f"--ignore={file}" for file in (*STYLE, DOCS))), "command-line tools and scripts"),
    "docs": (pytest("-q", DOCS), "the examples of the documents run, their tables match the code"),
    "demo": (["tools/demo"], "the first command of the README"),
}
NEEDED_BY_ALL = ("configure", "build")

# The summary lines of pytest, CTest, lit and gems-codegen check. Each group named passed, failed, errors or total counts.
SUMMARIES = [
    re.compile(r"^(?:=+ )?(?:(?P<failed>\d+) failed)?(?:, )?(?:(?P<passed>\d+) passed)?[^\n]*?(?:(?P<errors>\d+) errors?)?"
               r" in [\d.]+s", re.MULTILINE),
    re.compile(r"tests passed, (?P<failed>\d+) tests failed out of (?P<total>\d+)"),
    re.compile(r"Passed *: *(?P<passed>\d+)[^\n]*(?:\n *Failed *: *(?P<failed>\d+))?"),
    re.compile(r"(?P<passed>\d+) kernels compiled, (?P<failed>\d+) failed"),
]


@dataclasses.dataclass
class Outcome:
    step: str
    passed: int
    failed: int
    seconds: float
    command: list


def count_tests(log, succeeded):
    """(passed, failed) of the last summary in a log. A step without one counts as one test."""
    found = [match for summary in SUMMARIES for match in summary.finditer(log)]
    if not found:
        return (1, 0) if succeeded else (0, 1)
    counts = {name: int(number or 0) for name, number in max(found, key=lambda m: m.start()).groupdict().items()}
    failed = counts["failed"] + counts.get("errors", 0)
    passed = counts["total"] - failed if "total" in counts else counts["passed"]
    return (passed, 0) if succeeded else (passed, max(failed, 1))


def run_step(step):
    command, _ = STEPS[step]
    path = LOGS / f"{step}.log"
    start = time.monotonic()
    try:
        code = progress.run(f"check: {step} ...", path, command, cwd=ROOT)
    except FileNotFoundError as error:
        path.write_text(f"{error}\n")
        code = 127
    seconds = time.monotonic() - start
    text = path.read_text(errors="replace")
    passed, failed = count_tests(text, code == 0)
    print(f" {'ok' if code == 0 else 'FAILED'} ({seconds:.0f} s)", flush=True)
    if code != 0:
        lines = text.rstrip().splitlines()
        print("\n".join("    " + line for line in lines[-25:]))
    return Outcome(step, passed, failed, seconds, command)


def print_table(outcomes, setup_seconds):
    print(f"\n{'step':<10} {'passed':>7} {'failed':>7} {'seconds':>8}")
    print(f"{'setup':<10} {'':>7} {'':>7} {setup_seconds:>8.0f}")
    for outcome in outcomes:
        print(f"{outcome.step:<10} {outcome.passed:>7} {outcome.failed:>7} {outcome.seconds:>8.0f}")
    total = setup_seconds + sum(outcome.seconds for outcome in outcomes)
    print(f"{'all':<10} {sum(o.passed for o in outcomes):>7} {sum(o.failed for o in outcomes):>7} {total:>8.0f}")
    for outcome in outcomes:
        if outcome.failed:
            print(f"\n{outcome.step} failed. Log: build/check/{outcome.step}.log. Rerun: tools/check {outcome.step}")
            print(f"  or only the command: {shlex.join(outcome.command)}")


def parse_arguments():
    steps = "\n".join(f"  {name:<10} {what}" for name, (_, what) in STEPS.items())
    parser = argparse.ArgumentParser(
        prog="tools/check",
        description="Sets up, builds, and runs every test. Logs are kept in build/check/.",
        epilog=f"steps:\n{steps}\n\nexamples:\n  tools/check\n  tools/check dsl lit",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("steps", nargs="*", metavar="STEP", help="only these (and configure and build, which they need)")
    parser.add_argument("--setup-seconds", type=float, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = [step for step in arguments.steps if step not in STEPS]
    if unknown:
        parser.error(f"unknown step '{unknown[0]}'; expected some of {', '.join(STEPS)}")
    return arguments


def main():
    arguments = parse_arguments()
    chosen = [step for step in STEPS if not arguments.steps or step in arguments.steps or step in NEEDED_BY_ALL]
    LOGS.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for step in chosen:
        outcomes.append(run_step(step))
        if step in NEEDED_BY_ALL and outcomes[-1].failed:
            break
    print_table(outcomes, arguments.setup_seconds)
    passed, failed = sum(o.passed for o in outcomes), sum(o.failed for o in outcomes)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
