"""What the tests of the tools share: where things are, the tracked files, and how to run a command."""

import functools
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GEMS_TEST_BUILD", ROOT / "build")) / "bin"
PYTHON = ROOT / ".venv/bin/python"


@functools.cache
def tracked_files():
    """Files that git tracks or would track, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\n")
    return [pathlib.PurePosixPath(name) for name in sorted(listed) if name and (ROOT / name).is_file()]


def cpp_files():
    return [path for path in tracked_files() if path.suffix in (".cpp", ".cuh", ".h", ".def")]


def text_of(path):
    return (ROOT / path).read_text(errors="replace")


def run_tool(name, *arguments, **environment):
    """Runs a tool of the build; returns the finished process with text output."""
    return subprocess.run([BIN / name, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True,
                          text=True, timeout=120)
