"""Compiles every .cpp file beside this script and checks that it fails with the message its first line promises.

First line: `// expect: TEXT` (the compiler must fail and print TEXT) or `// expect: success`. Every spec_error_*,
static_assert and #error of the DSL's headers must be expected by some file, so that a check cannot be added without its test.
"""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
PREFIX = "// expect: "


def promised_texts(include):
    texts = set()
    for header in ("dsl.h", "dsl/expr.h", "dsl/metadata.h", "dsl/module_table.h", "dsl/op.h", "dsl/pointwise.h", "dsl/rowwise.h"):
        source = (include / "gems" / header).read_text()
        texts.update(re.findall(r"^void (spec_error_\w+)\(\);", source, re.M))
        texts.update(re.findall(r"static_assert\(.*?\"([^\"]+)\"", source, re.S))
        texts.update(re.findall(r"throw \"([^\"]+)\"", source))
        texts.update(re.findall(r"^#error \"([^\"]+)\"", source, re.M))
    return texts


def check(path, compiler, include):
    """What is wrong with the file, or None."""
    first = path.read_text().splitlines()[0]
    if not first.startswith(PREFIX):
        return f"its first line is not '{PREFIX}TEXT'"
    expected = first[len(PREFIX):]
    command = [compiler, "-std=c++20", "-fsyntax-only", f"-I{include}", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if expected == "success":
        return None if ran.returncode == 0 else f"does not compile:\n{ran.stderr}"
    if ran.returncode == 0:
        return "compiles, but must not"
    if expected not in ran.stderr:
        return f"fails without the text '{expected}':\n{ran.stderr}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="example: run.py --compiler clang++-22 --include dsl/include")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", required=True, type=pathlib.Path, help="the DSL's include folder")
    args = parser.parse_args()

    files = sorted(HERE.glob("*.cpp"))
    expected = [file.read_text().splitlines()[0].removeprefix(PREFIX) for file in files]
    failures = [f"no file expects '{text}'" for text in sorted(promised_texts(args.include))
                if not any(text.startswith(e) or e.startswith(text) for e in expected)]
    if "success" not in expected:
        failures.append("no file proves that a correct op compiles")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for file, wrong in zip(files, pool.map(lambda f: check(f, args.compiler, args.include), files)):
            if wrong:
                failures.append(f"{file.name}: {wrong}")
    print(f"{len(files)} files with {args.compiler}, {len(failures)} failures")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
