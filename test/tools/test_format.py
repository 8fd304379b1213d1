"""clang-format, the length of files, and words that file names and texts avoid."""

import re
import subprocess

from repository import ROOT, cpp_files, text_of, tracked_files

LONGEST_FILE_LINES = 600
# Words that have no meaning of their own, or several.
AVOIDED_IN_FILE_NAMES = {
    "manager", "helper", "helpers", "util", "utils", "processor", "handler", "engine", "task", "tasks", "job", "jobs",
    "misc",
}
AVOIDED_AT_THE_END = {"v2", "new", "fast", "impl2"}
CODE_SUFFIXES = {".cpp", ".cuh", ".h", ".def", ".td", ".py", ".mlir"}
# Words that promise something for later. Split, so that this file does not contain them.
PROMISES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|not (yet )?imple" r"mented|unimple" r"mented|coming so" r"on")
# A number or a text that a file defines: tables are named as variables are.
CONSTANT = re.compile(r"^(?:inline |static )*constexpr (?:bool|int|unsigned|float|double|"
                      r"std::(?:size_t|u?int(?:16|32|64)_t|string_view)) (?![A-Z][A-Za-z0-9]*\b)\w+(?= *[={])")
FOREIGN_PATHS = re.compile(r"/wo" r"rk/|/ro" r"ot/")


def test_cpp_is_formatted():
    files = [str(path) for path in cpp_files() if path.suffix != ".def"]
    checked = subprocess.run(
        ["clang-format-22", "--dry-run", "-Werror", *files], cwd=ROOT, capture_output=True, text=True)
    badly_formatted = sorted({line.split(":")[0] for line in checked.stderr.splitlines() if "error:" in line})
    assert checked.returncode == 0, f"run: clang-format-22 -i {' '.join(badly_formatted)}"


def test_no_source_file_is_too_long():
    lengths = {str(p): len(text_of(p).splitlines()) for p in tracked_files() if p.suffix in CODE_SUFFIXES}
    assert {p: n for p, n in lengths.items() if n > LONGEST_FILE_LINES} == {}


def test_file_names_say_one_thing():
    offenders = []
    for path in tracked_files():
        words = [word.lower() for word in re.split(r"[_\-.]|(?<=[a-z])(?=[A-Z])", path.stem)]
        if AVOIDED_IN_FILE_NAMES & set(words) or words[-1] in AVOIDED_AT_THE_END:
            offenders.append(str(path))
    assert offenders == []


def test_test_names_have_no_numbers():
    offenders = [str(p) for p in tracked_files()
                 if p.parts[0] == "test" and p.suffix in CODE_SUFFIXES and re.search(r"(^|_|-)(test|case)?_?\d+$", p.stem)]
    assert offenders == []


def matching_lines(pattern, files):
    return [f"{path}:{number}: {line.strip()[:100]}" for path in files
            for number, line in enumerate(text_of(path).splitlines(), 1) if pattern.search(line)]


def test_constants_are_in_pascal_case():
    """Of files; those of functions and classes are named as what surrounds them."""
    assert matching_lines(CONSTANT, [p for p in cpp_files() if p.parts[0] != "test"]) == []


def test_nothing_is_promised_for_later():
    assert matching_lines(PROMISES, [p for p in tracked_files() if p.suffix != ".json"]) == []


def test_no_path_of_one_machine():
    assert matching_lines(FOREIGN_PATHS, [p for p in tracked_files() if p.suffix != ".json"]) == []


def test_every_source_file_says_what_it_does():
    """The first line is a comment or a docstring (after a shebang)."""
    openings = ("//", "/*", '"""', 'r"""', "#")
    offenders = []
    for path in tracked_files():
        if path.suffix not in {".cpp", ".cuh", ".h", ".def", ".td", ".py"}:
            continue
        lines = text_of(path).splitlines()
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        if not lines or not lines[0].startswith(openings) or lines[0].startswith(("#include", "#pragma")):
            offenders.append(str(path))
    assert offenders == []
