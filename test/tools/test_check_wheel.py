"""tools/check-wheel: what it finds wrong with a wheel."""

import importlib.machinery
import importlib.util
import sys
import zipfile

import pytest
from repository import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import torch_versions  # noqa: E402

loader = importlib.machinery.SourceFileLoader("check_wheel", str(ROOT / "tools/check-wheel"))
check_wheel = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_wheel", loader))
sys.dont_write_bytecode, kept = True, sys.dont_write_bytecode
loader.exec_module(check_wheel)
sys.dont_write_bytecode = kept

LIBRARY = ROOT / "build/lib/libgems.so"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("GLIBC_2.34 GLIBC_2.2.5 GLIBCXX_3.4.29 CXXABI_1.3.13 GCC_3.0", []),
        ("GLIBC_2.36 GLIBC_2.4", ["GLIBC_2.36"]),
        ("GLIBCXX_3.4.30", ["GLIBCXX_3.4.30"]),
        ("GLIBC_ABI_DT_RELR ZLIB_1.2.0", ["GLIBC_ABI_DT_RELR", "ZLIB_1.2.0"]),
    ],
)
def test_versions_that_older_systems_lack_are_found(names, found):
    text = "".join(f"  0x0010: Name: {name}  Flags: none  Version: 7\n" for name in names.split())
    assert check_wheel.too_new(text) == found


def test_the_library_passes_as_itself_only():
    assert check_wheel.problems_of_binary("gems/lib/libgems.so", LIBRARY) == []
    as_tool = " ".join(check_wheel.problems_of_binary("gems/bin/gems-cache", LIBRARY))
    assert "lacks libgems.so" in as_tool and "run path" in as_tool
    as_adapter = " ".join(check_wheel.problems_of_binary("gems/lib/libgems_torch_2_11.so", LIBRARY))
    assert "lacks libtorch.so" in as_adapter and "strange: _ZN" in as_adapter
    assert check_wheel.problems_of_binary("gems/lib/libz.so", LIBRARY) == [
        "gems/lib/libz.so is a binary that a wheel of gems does not have"
    ]


def test_what_is_missing_is_named(tmp_path, monkeypatch, capsys):
    wheel = tmp_path / "torch_gems-9-py3-none-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("gems/__init__.py", "")
    monkeypatch.setattr(check_wheel, "SIZE_LIMIT_BYTES", 10)
    monkeypatch.setattr(sys, "argv", ["check-wheel", str(wheel)])
    assert check_wheel.main() == 1
    said = capsys.readouterr().err
    for part in ("is not for all Pythons", "more than 10", "no gems/lib/libgems.so", "no licenses/LICENSE", "no scripts/gems-cache"):
        assert part in said
    for version in torch_versions.VERSIONS:
        assert f"no gems/lib/libgems_torch_{torch_versions.minor(version)}.so" in said


def test_versions_of_pytorch_are_those_of_the_documents():
    minors = [version.rsplit(".", 1)[0] for version in torch_versions.VERSIONS]
    assert f"torch=={torch_versions.VERSIONS[0]}" in (ROOT / "tools/setup").read_text()
    for document in ("README.md", "docs/installing.md"):
        assert f"{' and '.join([', '.join(minors[:-1]), minors[-1]])}" in (ROOT / document).read_text().replace(" or ", " and "), document
