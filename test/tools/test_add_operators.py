"""gems_add_operators: what CMake says about calls that are wrong."""

import os
import re
import subprocess

import pytest
from repository import BIN, ROOT

PACKAGE = BIN.parent / "lib/cmake/gems"


def configure(folder, call, before=""):
    """What CMake prints for a project with the call, on one line."""
    (folder / "my_ops.cpp").write_text('#include "gems/dsl.h"\n')
    (folder / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.18)\nproject(my_ops LANGUAGES CXX)\nfind_package(gems CONFIG REQUIRED)\n{before}\n{call}\n")
    done = subprocess.run(["cmake", "-S", folder, "-B", folder / "build", f"-Dgems_DIR={PACKAGE}", "-DCMAKE_CXX_COMPILER=g++"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "CLICOLOR": "0"})
    return done.returncode, re.sub(r"\s+", " ", done.stdout)


def test_a_right_call_is_configured(tmp_path):
    code, said = configure(tmp_path, "gems_add_operators(my_ops SOURCES my_ops.cpp)")
    assert code == 0, said


@pytest.mark.parametrize(("call", "expected"), [
    ("gems_add_operators(my_ops)",
     "gems_add_operators(my_ops): no SOURCES given; write gems_add_operators(my_ops SOURCES file.cpp ...)"),
    ("gems_add_operators(my_ops SOURCES)",
     "gems_add_operators(my_ops): no SOURCES given; write gems_add_operators(my_ops SOURCES file.cpp ...)"),
    ("gems_add_operators(my_ops my_ops.cpp)",
     "gems_add_operators(my_ops): 'my_ops.cpp' is no argument of it; write gems_add_operators(my_ops SOURCES file.cpp ...)"),
    ("gems_add_operators(my_ops LINK torch SOURCES my_ops.cpp)", "gems_add_operators(my_ops): 'LINK' is no argument of it"),
    ("gems_add_operators(my_ops SOURCES other.cpp)", "gems_add_operators(my_ops): there is no file 'other.cpp' in"),
])
def test_a_wrong_call_is_refused(tmp_path, call, expected):
    code, said = configure(tmp_path, call)
    assert code != 0 and expected in said, said


@pytest.mark.parametrize(("compiler", "version"), [("GNU", "10.2.1"), ("Clang", "13.0.0")])
def test_an_old_compiler_is_refused(tmp_path, compiler, version):
    old = f'set(CMAKE_CXX_COMPILER_ID {compiler})\nset(CMAKE_CXX_COMPILER_VERSION {version})'
    code, said = configure(tmp_path, "gems_add_operators(my_ops SOURCES my_ops.cpp)", before=old)
    assert code != 0
    assert (f"gems_add_operators(my_ops): {compiler} {version} is too old: gems needs g++ 11 or clang++ 14, or a newer one; "
            "name it with -DCMAKE_CXX_COMPILER=... in a new build folder") in said


def test_the_oldest_compilers_are_those_of_the_headers():
    header = (ROOT / "dsl/include/gems/dsl.h").read_text()
    assert "__clang_major__ < 14 : __GNUC__ < 11" in header
