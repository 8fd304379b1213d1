"""tools/compare-texts: equal texts pass; a changed, a missing and a new text are found; a header may be left out."""

import shutil
import subprocess

import pytest
from repository import BIN, ROOT


def compare_texts(*arguments):
    return subprocess.run([ROOT / "tools/compare-texts", *arguments], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def dumped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts") / "old"
    done = compare_texts("dump", folder, "--build", BIN.parent, "--ops", "gelu,neg", "--dtypes", "f32,c64",
                         "--targets", "sm_90:3350,llvm")
    assert done.returncode == 0, done.stderr
    # neg of two dtypes, gelu of one (it takes no complex numbers) and with its flag; 9 layouts, 3 of them on the CPU.
    assert done.stdout == f"{4 * 12} texts in {folder}\n"
    return folder


@pytest.fixture
def copied(dumped, tmp_path):
    return shutil.copytree(dumped, tmp_path / "new")


def test_equal_texts_pass(dumped, copied):
    done = compare_texts("diff", dumped, copied)
    assert (done.returncode, done.stdout) == (
        0, "48 texts are equal, 0 changed, 0 have another header only, 0 exist on one side only\n")


@pytest.mark.parametrize("name", ["sm_90-3350/rows/neg-f32.cu", "llvm/generic/gelu-approximate.ll"])
def test_changed_text_is_shown(dumped, copied, name):
    text = (copied / name).read_text()
    (copied / name).write_text(text + "?\n")
    done = compare_texts("diff", dumped, copied, "--ignore-header")
    assert done.returncode == 1 and "47 texts are equal, 1 changed" in done.stdout
    assert f"+++ {copied / name}" in done.stdout and "\n+?" in done.stdout


def test_changed_header_counts_unless_ignored(dumped, copied):
    file = copied / "sm_90-3350/flat/neg-f32.cu"
    file.write_text(file.read_text().replace("contiguous", "dense", 1))
    for option, code in ([], 1), (["--ignore-header"], 0):
        done = compare_texts("diff", dumped, copied, *option)
        assert done.returncode == code
        assert "47 texts are equal, 0 changed, 1 have another header only" in done.stdout and "dense" in done.stdout


def test_text_of_one_side_is_named(dumped, copied):
    (copied / "llvm/rows/neg-c64.ll").unlink()
    done = compare_texts("diff", dumped, copied)
    assert done.returncode == 1 and f"only in {dumped}: llvm/rows/neg-c64.ll" in done.stdout


def test_nothing_to_compare_with_is_an_error(dumped, tmp_path):
    done = compare_texts("diff", tmp_path, dumped)
    assert done.returncode == 1 and "no texts in" in done.stderr


def test_full_folder_is_not_dumped_into(dumped):
    done = compare_texts("dump", dumped)
    assert done.returncode == 1 and "is not empty" in done.stderr
