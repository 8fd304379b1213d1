"""Runs the examples of the documents. A fenced block whose info string has the word `test` is run:

    ```sh test        in the root folder, with tools/env sourced; must succeed
    ```python test    with the project's Python and `import gems` in reach; must succeed
    ```cpp test       must compile (the whole block is one file)
    ```cmake test     is the CMakeLists.txt of a project

Blocks with the word `project` make one project out of the tree: the C++ text is my_ops.cpp, CMake builds both against the
package gems of the build, then the Python text, which comes last, runs in the project's folder.

A fenced block ```text output that follows directly is what it must print; `...` stands for any text.
Usage: docs_examples.py README.md docs/*.md
"""

import dataclasses
import doctest
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from repository import PYTHON, ROOT, BIN

FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```\s*?$", re.MULTILINE | re.DOTALL)
LAYERS = ("dsl", "ops", "compiler", "runtime", "runtime/aten")


@dataclasses.dataclass
class Example:
    document: str
    line: int
    language: str
    body: str
    output: str | None
    project: dict | None = None  # language -> text, of the project that this block completes

    def __str__(self):
        return f"{self.document}:{self.line}"


def extract(document):
    text = (ROOT / document).read_text()
    examples, previous, previous_end, project = [], None, 0, {}
    for match in FENCE.finditer(text):
        words = match["info"].split()
        follows = previous is not None and not text[previous_end:match.start()].strip()
        if words == ["text", "output"] and follows:
            previous.output = match["body"]
        previous = None
        if len(words) > 1 and "test" in words[1:]:
            previous = Example(document, text.count("\n", 0, match.start()) + 1, words[0], match["body"], None)
            previous_end = match.end()
            if "project" in words:
                project[words[0]] = match["body"]
            if words[0] == "cmake":
                continue
            if "project" in words and words[0] == "python":
                previous.project, project = project, {}
            examples.append(previous)
    return examples


def documents():
    return ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))]


def command_for(example, folder):
    if example.language == "sh":
        return ["bash", "-euo", "pipefail", "-c", f". tools/env\nexport PATH={BIN}:$PATH\n{example.body}"]
    if example.project:
        (pathlib.Path(folder) / "my_ops.cpp").write_text(example.project["cpp"])
        (pathlib.Path(folder) / "CMakeLists.txt").write_text(example.project["cmake"])
        build = f"cmake -S . -B build -Dgems_DIR={BIN.parent}/lib/cmake/gems && cmake --build build"
        return ["bash", "-euc", f'. tools/env; cd {folder}; ({build}) >build.log 2>&1 || cat build.log; exec {PYTHON} -c "$0"',
                example.body]
    if example.language == "python":
        return ["bash", "-euc", f'. tools/env; exec {PYTHON} -c "$0"', example.body]
    if example.language == "cpp":
        source = pathlib.Path(folder) / "example.cpp"
        source.write_text(example.body)
        includes = [f"-I{ROOT}/{layer}/include" for layer in LAYERS]
        torch = [f"-isystem{folder}" for folder in (ROOT / ".venv").glob("lib/python3*/site-packages/torch/include")]
        return ["clang++-22", "-std=c++20", "-fsyntax-only", "-Wall", *includes, *torch, str(source)]
    raise ValueError(f"{example}: cannot run language '{example.language}'; expected sh, python or cpp")


def run(example):
    """Returns None, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        # A cache of its own: what an example prints must not depend on what ran before.
        environment = {**os.environ, "GEMS_CACHE_DIR": f"{folder}/cache"}
        done = subprocess.run(command_for(example, folder), cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
    if done.returncode != 0:
        return f"exit code {done.returncode}\n{done.stdout}"
    if example.output is None:
        return None
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if checker.check_output(example.output, done.stdout, flags):
        return None
    return f"expected\n{example.output}\nprinted\n{done.stdout}"


def main(names):
    failures = 0
    for name in names or documents():
        for example in extract(name):
            problem = run(example)
            print(f"{example}: {'ok' if problem is None else problem}")
            failures += problem is not None
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
