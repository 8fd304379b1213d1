"""Who may include what, so that each layer can be understood, built and tested without those above it."""

import re

import pytest
from repository import cpp_files, text_of, tracked_files

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def layer(path):
    return path.parts[0]


def is_in(path, *folders):
    return any(str(path).startswith(folder + "/") for folder in folders)


# (what, pattern of the included path, folders that may include it)
PRIVATE_HEADERS = [
    ("MLIR and LLVM", r"^(mlir|llvm|mlir-c|llvm-c)/", ["compiler/lib", "tools/gems-opt", "test/compiler"]),
    ("torch", r"^(torch|ATen|c10)/", ["runtime/aten", "test/aten", "examples/cpp"]),
    ("CUDA", r"^(cuda|nvrtc|cuda_\w*runtime\w*|cuda_[bf]+\d+)\.h(pp)?$", ["runtime/lib"]),
    ("fmt", r"^fmt/", None),
]
# Layer -> layers whose public headers (gems/<layer>/..., and gems/module.h of the dsl) it may include.
MAY_INCLUDE = {
    "dsl": {"dsl", "module"},
    "modules": {"dsl", "module", "modules"},
    "ops": {"dsl", "ops"},
    "compiler": {"dsl", "compiler"},
    "runtime": {"dsl", "compiler", "runtime"},
    "runtime/aten": {"dsl", "modules", "ops", "compiler", "runtime", "aten"},
    "tools": {"dsl", "modules", "ops", "compiler", "runtime"},
}
# Folder -> its rooms, from the bottom up: a room includes those before it by folder and name. Files above all rooms lie
# in the folder itself.
ROOMS = {
    "runtime/lib": ["process", "disk", "space", "backend", "nvrtc", "cuda", "cpu", "variant", "plan"],
    "runtime/aten/lib": ["torch", "switches", "geometry", "first_call", "serve", "products", "overrides", "operators"],
}
# Folder of tests -> folders of what they test: its tests lie in the same places, under the same stems.
MIRRORS = {
    "test/compiler": ["compiler/lib"],
    "test/dsl": ["dsl/lib"],
    "test/modules": ["modules/lib"],
    "test/ops": ["ops/lib"],
    "test/runtime": ["runtime/lib"],
}
# Sources that no header of their own stem declares -> why. All others have one.
UNPAIRED = {
    "compiler/lib/Cpu/Load.cpp": "load_cpu of gems/compiler/cpu.h, apart from the compiling half",
    "compiler/lib/Cpu/Math?*.cpp": "the formulas of Math.h, a file for each group of functions",
    "compiler/lib/Cpu/*.cpp": "a pass, which Passes.td declares",
    "compiler/lib/Cuda/BodyOperations.cpp": "of BodyText.h: a case for each operation",
    "compiler/lib/Cuda/Row*s.cpp": "of RowText.h: a part of a kernel",
    "compiler/lib/Families/*/*Family.cpp": "a row of the table in Families.h",
    "compiler/lib/Families/*/*Text.cpp": "a write() of KernelText.h",
    "compiler/lib/Import/Import*.cpp": "ImportScalar.h, a file for each category of dtypes",
    "compiler/lib/Pipeline/CompileCuda.cpp": "emit_cuda of gems/compiler/cuda.h",
    "compiler/lib/Pw/Pw*.cpp": "members of the classes that TableGen makes of *.td (Pw.h)",
    "compiler/lib/Scalar/Complex*.cpp": "the formulas of Complex.h",
    "compiler/lib/Transforms/*.cpp": "a pass, which Passes.td declares",
    "dsl/lib/evaluate_*.cpp": "evaluate_category.h, a file for each category of dtypes",
    "dsl/lib/interpret_rows.cpp": "interpret_rows of gems/dsl/interpreter.h, apart from the half of single elements",
    "runtime/aten/lib/c_api.cpp": "called through ctypes: declared in runtime/aten/python/gems/_library.py",
    "runtime/aten/lib/overrides/arrange/row_arrange_*.cpp": "of row_arrange.h: a file for each group of overloads",
    "tools/*/*.cpp": "a program",
}


def includes(path):
    return INCLUDE.findall(text_of(path))


@pytest.mark.parametrize(("pattern", "folders"), [row[1:] for row in PRIVATE_HEADERS], ids=[row[0] for row in PRIVATE_HEADERS])
def test_private_headers_stay_private(pattern, folders):
    offenders = []
    for path in cpp_files():
        allowed = is_in(path, *folders) if folders else "/include/" not in str(path)
        offenders += [f"{path} includes {name}" for name in includes(path) if re.search(pattern, name) and not allowed]
    assert offenders == []


@pytest.mark.parametrize("owner", MAY_INCLUDE)
def test_layers_include_only_what_is_below(owner):
    offenders = []
    for path in cpp_files():
        if not is_in(path, owner) or (owner == "runtime" and is_in(path, "runtime/aten")):
            continue
        for name in includes(path):
            match = re.match(r"gems/(\w+)(?:/|\.h$)", name)
            if match and match.group(1) not in MAY_INCLUDE[owner]:
                offenders.append(f"{path} includes {name}")
    assert offenders == []


@pytest.mark.parametrize("folder", ROOMS)
def test_no_room_reaches_up(folder):
    rooms = ROOMS[folder]
    offenders = []
    for path in (p.relative_to(folder) for p in cpp_files() if is_in(p, folder)):
        own = rooms.index(path.parts[0]) if len(path.parts) > 1 else len(rooms)
        for name in re.findall(r'#include "(?!gems/)([^"]+)"', text_of(f"{folder}/{path}")):
            room = name.split("/")[0]
            if room not in rooms or rooms.index(room) > own:
                offenders.append(f"{path} includes {name}")
    assert offenders == []


def stems_of_tested(path):
    """Of what a test file may be the test: a.b of pw-a-b-errors.mlir is AB or PwAB, of a_b_test.cpp it is a_b or a."""
    words = re.split("[-_]", path.stem)
    if path.suffix == ".mlir":
        camel = ["".join(word.capitalize() for word in words[:n]) for n in range(1, len(words) + 1)]
        return set(camel) | {stem.removeprefix("Pw") for stem in camel}
    return {"_".join(words[:n]) for n in range(1, len(words))}


@pytest.mark.parametrize("folder", MIRRORS)
def test_tests_lie_where_their_sources_do(folder):
    sources = {str((p.relative_to(f)).with_suffix("")) for f in MIRRORS[folder] for p in cpp_files() if is_in(p, f)}
    tests = [p for p in tracked_files() if is_in(p, folder) and (p.name.endswith("_test.cpp") or p.suffix == ".mlir")]
    assert tests
    offenders = [str(p) for p in tests
                 if not any(str(p.relative_to(folder).with_name(stem)) in sources for stem in stems_of_tested(p) if stem)]
    assert offenders == [], "name a test after the source file that it tests, in a folder of the same name"


def test_sources_have_a_header_of_their_stem():
    headers = {(path.parts[0], path.stem) for path in cpp_files() if path.suffix == ".h"}
    unpaired = [path for path in cpp_files() if path.suffix == ".cpp" and path.parts[0] in MAY_INCLUDE
                and (path.parts[0], path.stem) not in headers]
    reasons = {path: [pattern for pattern in UNPAIRED if path.match(pattern)] for path in unpaired}
    assert [str(path) for path, found in reasons.items() if not found] == [], "give it a header, or a reason in UNPAIRED"
    used = {pattern for found in reasons.values() for pattern in found[:1]}
    assert sorted(set(UNPAIRED) - used) == [], "no source needs these"


def test_public_headers_begin_with_pragma_once():
    headers = [path for path in cpp_files() if path.suffix == ".h"]
    assert [str(path) for path in headers if "#pragma once" not in text_of(path)] == []


def test_environment_is_read_in_one_place():
    reads = re.compile(r"\b(secure_)?getenv\s*\(|\benviron\b")
    offenders = [str(p) for p in cpp_files()
                 if not is_in(p, "runtime/lib", "test") and reads.search(text_of(p))]
    assert offenders == []
    in_runtime = [str(p) for p in cpp_files() if is_in(p, "runtime/lib") and reads.search(text_of(p))]
    assert in_runtime == ["runtime/lib/process/settings.cpp"]


def test_cuda_driver_and_nvrtc_are_each_called_in_one_file():
    for header in ("cuda.h", "nvrtc.h"):
        users = [str(p) for p in cpp_files() if is_in(p, "runtime/lib") and header in includes(p)]
        assert len(users) <= 1, users
