"""python -m gems: what is installed here (doctor), scripts under the override (run), where CMake finds gems."""

import argparse
import importlib
import json
import pathlib
import runpy
import sys

import gems

EXAMPLES = """examples:
  python -m gems doctor
  python -m gems run --exclude "pow*" --report train.py --epochs 1
  cmake -S . -B build -DCMAKE_PREFIX_PATH="$(python -m gems --cmake-dir)"
"""


def cmake_dir():
    """The folder of gemsConfig.cmake."""
    folder = pathlib.Path(__file__).resolve().parent / "lib" / "cmake" / "gems"
    if not folder.is_dir():
        raise SystemExit(
            f"gems: {folder} is not there: this package is not installed, but part of a checkout. "
            "Install the wheel, or gems itself: cmake --install build --prefix FOLDER"
        )
    return folder


def doctor(arguments):
    from . import _doctor

    found = _doctor.examine()
    print(json.dumps(found, indent=1) if arguments.json else _doctor.as_text(found))
    return 0 if found["problem"] is None else 1


def run(arguments):
    """As `python SCRIPT ARGS`, with ATen's operators switched to gems first."""
    if not pathlib.Path(arguments.script).is_file():
        raise SystemExit(f"gems: no script {arguments.script}")
    sys.argv = [arguments.script, *arguments.arguments]
    sys.path[0] = str(pathlib.Path(arguments.script).resolve().parent)
    importlib.reload(gems)  # completely, now that the program has started
    try:
        gems.enable(arguments.include, arguments.exclude)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    try:
        runpy.run_path(arguments.script, run_name="__main__")
    finally:
        if arguments.report:
            print(gems.report(), file=sys.stderr)
    return 0


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="python -m gems", description=__doc__.split(": ", 1)[1], epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"gems {gems.__version__}")
    parser.add_argument("--cmake-dir", action="store_true", help="print the folder for CMAKE_PREFIX_PATH or gems_DIR")
    commands = parser.add_subparsers(metavar="COMMAND")
    command = commands.add_parser("doctor", help="versions, GPU, NVRTC, cache, and whose kernels ATen's operators have")
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(act=doctor)
    command = commands.add_parser("run", help="a Python script with ATen's operators on gems' kernels")
    command.add_argument("--include", help='operators to switch on: names or globs, separated by commas ("add*,gelu"); default: all')
    command.add_argument("--exclude", help="operators to leave to ATen")
    command.add_argument("--report", action="store_true", help="print gems.report() on stderr at the end")
    command.add_argument("script")
    command.add_argument("arguments", nargs=argparse.REMAINDER, help="of the script")
    command.set_defaults(act=run)
    arguments = parser.parse_args()
    if not arguments.cmake_dir and not hasattr(arguments, "act"):
        parser.error("expected doctor, run, --cmake-dir or --version")
    return arguments


def main():
    arguments = parse_arguments()
    if arguments.cmake_dir:
        print(cmake_dir())
        return 0
    return arguments.act(arguments)


if __name__ == "__main__":
    sys.exit(main())
