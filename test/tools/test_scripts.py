"""tools/check and tools/env: how tests are counted, what is said about a failure and during a build, what a shell gets."""

import shutil
import subprocess
import sys

import pytest
from repository import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import check_steps  # noqa: E402
import progress  # noqa: E402


@pytest.mark.parametrize(
    ("log", "succeeded", "counts"),
    [
        ("12 passed in 3.1s", True, (12, 0)),
        ("2 failed, 10 passed, 1 skipped in 3.1s", False, (10, 2)),
        ("1 error in 1.24s", False, (0, 1)),
        ("100% tests passed, 0 tests failed out of 7", True, (7, 0)),
        ("71% tests passed, 2 tests failed out of 7", False, (5, 2)),
        ("Total Discovered Tests: 40\n  Passed: 38 (95%)\n  Failed:  2 (5%)", False, (38, 2)),
        ("998 kernels compiled, 2 failed, of 5000", False, (998, 2)),
        ("", True, (1, 0)),
        ("Segmentation fault", False, (0, 1)),
        ("12 passed in 3.1s", False, (12, 1)),
    ],
)
def test_tests_are_counted(log, succeeded, counts):
    assert check_steps.count_tests(log, succeeded) == counts


def test_failing_step_is_reported_with_its_rerun_command(capsys):
    outcome = check_steps.Outcome("dsl", 5, 2, 1.5, ["ctest", "--test-dir", "build/test/dsl"])
    check_steps.print_table([outcome], setup_seconds=0)
    printed = capsys.readouterr().out
    assert "dsl failed. Log: build/check/dsl.log. Rerun: tools/check dsl" in printed
    assert "ctest --test-dir build/test/dsl" in printed


def test_check_names_its_steps_and_refuses_others():
    listed = subprocess.run([ROOT / "tools/check", "--help"], capture_output=True, text=True)
    assert listed.returncode == 0 and all(f"  {step} " in listed.stdout for step in check_steps.STEPS)
    refused = subprocess.run([ROOT / "tools/check", "dls"], capture_output=True, text=True)
    assert refused.returncode == 2 and "unknown step 'dls'; expected some of configure, build" in refused.stderr


@pytest.mark.parametrize(
    ("output", "seconds", "text"),
    [
        ("[0/2] Re-running CMake\n[3/12] Building a\n", 30, "3 of 12 steps, about 90 s left"),
        ("[30/240] Building a\nwarning: [1/2]\n", 60, "30 of 240 steps, about 7 min left"),
        ("[0/240] Building a\n", 60, "0 of 240 steps"),
        ("12 passed in 3.1s", 60, ""),
    ],
)
def test_a_build_says_how_far_it_is(output, seconds, text):
    assert progress.how_far(output, seconds) == text


def test_what_is_left_of_a_build_is_what_its_steps_cost():
    step = "[{}/40] Building CXX object {}/x.cpp.o\n".format
    done = "".join(step(i, "dsl/CMakeFiles/gems_dsl.dir") for i in range(1, 21))
    planned = done + "".join(step(i, "runtime/aten/CMakeFiles/gems_aten.dir") for i in range(21, 41))
    assert progress.how_far(done, 60) == "20 of 40 steps, about 60 s left"
    assert progress.how_far(done, 60, planned) == "20 of 40 steps, about 2 min left"
    # Something made the build another one than planned.
    assert progress.how_far(planned, 60, planned[:100]) == "40 of 40 steps, about 0 s left"


@pytest.mark.parametrize(("terminal", "shown"), [(False, " 1 of 4 steps, about "), (True, "\rcheck: build ... 1 of 4 steps, ")])
def test_progress_is_shown_and_the_output_kept(terminal, shown, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    log = tmp_path / "build.log"
    status = progress.run("check: build ...", log, ["sh", "-c", "echo '[1/4] a'; sleep 1; echo end; exit 3"], every_s=0.2)
    assert status == 3 and log.read_text() == "[1/4] a\nend\n"
    printed = capsys.readouterr().out
    assert shown in printed and printed.endswith("\rcheck: build ...\033[K" if terminal else "\ncheck: build ...")


def test_a_step_without_its_program_fails(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(check_steps, "LOGS", tmp_path)
    monkeypatch.setitem(check_steps.STEPS, "dsl", (["no-such-program"], ""))
    assert check_steps.run_step("dsl").failed == 1
    assert "No such file or directory: 'no-such-program'" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("folder", [".", "test/tools"])
def test_env_finds_the_tools_from_any_folder(shell, folder):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} on this machine")
    depth = "../" * (0 if folder == "." else folder.count("/") + 1)
    script = f". {depth or './'}tools/env 2>/dev/null; . {depth or './'}tools/env 2>/dev/null; echo $PATH; echo $PYTHONPATH"
    done = subprocess.run([shell, "-c", script], cwd=ROOT / folder, capture_output=True, text=True, check=True)
    path, python_path = done.stdout.splitlines()
    assert path.split(":")[:2] == [f"{ROOT}/build/bin", f"{ROOT}/.venv/bin"]
    assert path.count(f"{ROOT}/build/bin") == 1
    assert python_path.split(":").count(f"{ROOT}/runtime/aten/python") == 1


def test_env_says_what_to_build(tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/env", tmp_path / "tools/env")
    done = subprocess.run(["bash", "-c", ". tools/env"], cwd=tmp_path, capture_output=True, text=True)
    assert "gems: missing: .venv build/bin/gems-codegen build/bin/gems-cache build/lib/libgems.so" in done.stderr
    assert "tools/setup && cmake --preset default && cmake --build --preset default" in done.stderr
