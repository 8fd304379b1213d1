"""The programs of examples/, copied out of the tree and run against the package gems of the build."""

import os
import shutil
import subprocess

import pytest
from repository import BIN, PYTHON, ROOT

PACKAGE = BIN.parent / "lib/cmake/gems"


def run(*command, folder, **environment):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "runtime/aten/python"), "GEMS_CACHE_DIR": str(folder / "cache"),
                   **environment}
    done = subprocess.run([str(part) for part in command], cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    return done.stdout


def compiler(name):
    """The oldest one there is of that name: tools/setup installs g++ and clang++-22."""
    found = next((name + suffix for suffix in ("-11", "-14", "", "-22") if shutil.which(name + suffix)), None)
    assert found, f"no {name}: run tools/setup"
    return found


@pytest.mark.parametrize("cxx", ["g++", "clang++"])
def test_module(tmp_path, cxx):
    shutil.copytree(ROOT / "examples/module", tmp_path / "module")
    folder = tmp_path / "module"
    run("cmake", "-S", ".", "-B", "build", f"-Dgems_DIR={PACKAGE}", f"-DCMAKE_CXX_COMPILER={compiler(cxx)}", folder=folder)
    run("cmake", "--build", "build", folder=folder)
    assert "cpu" in run(PYTHON, "test_my_ops.py", "build/my_ops.so", folder=folder)

    exported = run("nm", "-D", "--defined-only", "build/my_ops.so", folder=folder)
    assert [line.split()[-1] for line in exported.splitlines()] == ["gems_operators_1"]
    # Nothing newer than g++ 11's library is asked for, so that one module runs beside any.
    versions = run("readelf", "--version-info", "build/my_ops.so", folder=folder).replace(")", " ").split()
    newest = max(int(word.rsplit(".", 1)[1]) for word in versions if word.startswith("GLIBCXX_3.4."))
    assert newest <= 29
    listed = run(BIN / "gems-codegen", "--module", "build/my_ops.so", "list", folder=folder)
    assert listed == "clipped_error  (prediction, target, limit: Scalar) -> 2 results\nmish           (x)\nswish_glu      (x, gate, beta: Scalar)\n"


@pytest.mark.parametrize("cxx", ["g++", "clang++"])
def test_inline(tmp_path, cxx):
    shutil.copy(ROOT / "examples/inline.py", tmp_path)
    for _ in range(2):
        assert "agrees" in run(PYTHON, "inline.py", folder=tmp_path, CXX=compiler(cxx))
    assert len(list((tmp_path / "cache/modules").iterdir())) == 1
