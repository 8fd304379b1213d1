"""gems-codegen: what each subcommand prints, and that the same command prints the same bytes."""

import json
import os
import pty
import re
import shutil
import subprocess

import pytest
from repository import BIN, run_tool, text_of

TEXT_STAGES = ["trace", "imported", "resolved", "expanded", "legal", "approximated", "scheduled", "cuda", "scheduled_cpu", "lowered", "llvm", "ptx"]
LAYOUTS = ["flat", "rows", "rows_unaligned", "rows_outer", "tile", "tile_unaligned", "generic", "generic_wide"]


def codegen(*arguments):
    done = run_tool("gems-codegen", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def emit_json(*arguments):
    return json.loads(codegen("emit", *arguments, "--json"))


def test_help_shows_examples():
    for command in ([], ["emit"], ["check"]):
        text = codegen(*command, "--help")
        assert "gems-codegen emit silu_and_mul --dtypes f16,f16" in text


def test_list_is_sorted_and_names_operands():
    lines = codegen("list").splitlines()
    names = [line.split()[0] for line in lines]
    assert names == sorted(names)
    assert "silu_and_mul" in names
    assert re.search(r"^gelu +\(x, approximate: Flag\)$", "\n".join(lines), re.MULTILINE)
    assert re.search(r"^silu_and_mul_grad +\(x, y, grad\) -> 2 results$", "\n".join(lines), re.MULTILINE)


def test_list_as_json_has_the_same_ops():
    ops = json.loads(codegen("list", "--json"))
    assert [op["name"] for op in ops] == [line.split()[0] for line in codegen("list").splitlines()]
    gelu = next(op for op in ops if op["name"] == "gelu")
    assert gelu["operands"][1] == {
        "name": "approximate", "kind": "Flag", "default": "none", "choices": ["none", "tanh"]
    }  # fmt: skip
    assert gelu["accepts"] == "floats"


def test_show_says_where_and_what():
    text = codegen("show", "silu_and_mul")
    assert re.match(r"silu_and_mul, defined at ops/lib/fused\.cpp:\d+\n", text)
    assert "promote({0, 1}, Default)" in text and "\ntakes floats and complex numbers\n" in text
    assert re.search(r"approximate +Flag, default none, one of none tanh$", codegen("show", "gelu"), re.MULTILINE)
    assert re.search(r"^  f16 +f32 +-> f16$", text, re.MULTILINE)


def test_show_says_why_a_dtype_is_not_supported():
    op = json.loads(codegen("show", "bitwise_and", "--json"))
    by_dtype = {row["dtype"]: row for row in op["dtypes"]}
    assert by_dtype["i32"] == {"dtype": "i32", "supported": True, "compute": ["i32"], "result": ["i32"]}
    assert not by_dtype["f32"]["supported"] and "bitwise_and" in by_dtype["f32"]["reason"]


@pytest.mark.parametrize("stage", TEXT_STAGES)
def test_every_stage_prints_text_that_names_the_op(stage):
    text = codegen("emit", "silu_and_mul", "--dtypes", "f16,f16", "--stop-after", stage)
    assert "silu_and_mul" in text and text.endswith("\n")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_output_is_the_same_in_every_run(layout):
    command = ("emit", "silu_and_mul_grad", "--dtypes", "bf16", "--layout", layout)
    assert codegen(*command) == codegen(*command)


def test_no_stage_prints_a_path_or_a_time():
    for stage in TEXT_STAGES:
        text = codegen("emit", "add", "--stop-after", stage)
        assert not re.search(r"/\w+/\w+/\w+\.cpp|\b20\d\d-\d\d-\d\d\b", text), stage


def test_cubin_is_an_elf_file(tmp_path):
    file = tmp_path / "add.cubin"
    codegen("emit", "add", "--dtypes", "f32", "--stop-after", "cubin", "-o", str(file))
    assert file.read_bytes()[:4] == b"\x7fELF"


def test_cubin_goes_into_a_pipe(tmp_path):
    command = ["emit", "add", "--dtypes", "f32", "--stop-after", "cubin"]
    file = tmp_path / "add.cubin"
    codegen(*command, "-o", str(file))
    done = subprocess.run([BIN / "gems-codegen", *command], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, file.read_bytes(), b"")


def test_cubin_is_kept_from_a_terminal():
    terminal, end = pty.openpty()
    done = subprocess.run([BIN / "gems-codegen", "emit", "add", "--stop-after", "cubin"], stdout=end, stderr=subprocess.PIPE)
    os.close(end)
    os.close(terminal)
    assert done.returncode == 2
    assert b"a cubin is binary, and standard output is a terminal: give a file with -o FILE, or pipe it on" in done.stderr


def test_what_standard_output_does_not_take_is_an_error():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BIN / "gems-codegen", "emit", "add"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "gems-codegen: standard output took no more: No space left on device\n")


@pytest.mark.parametrize("tool", ["gems-codegen", "gems-cache", "gems-opt"])
def test_version_is_that_of_the_project(tool):
    version = re.search(r'^__version__ = "(.*)"$', text_of("runtime/aten/python/gems/_version.py"), re.MULTILINE).group(1)
    done = run_tool(tool, "--version")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^{tool} {re.escape(version)} \(generator [0-9a-f]{{12}}, LLVM 22\.\d+\.\d+\)$", done.stdout, re.MULTILINE)


def test_output_file_has_what_would_be_printed(tmp_path):
    file = tmp_path / "add.cu"
    assert codegen("emit", "add", "-o", str(file)) == ""
    assert file.read_text() == codegen("emit", "add")


def test_one_dtype_stands_for_all_tensors():
    assert codegen("emit", "add", "--dtypes", "f16") == codegen("emit", "add", "--dtypes", "f16,f16")


def test_dtypes_promote():
    described = emit_json("add", "--dtypes", "f32,bf16")
    assert [(o["storage"], o["compute"]) for o in described["operands"][:2]] == [("f32", "f32"), ("bf16", "f32")]
    assert [r["dtype"] for r in described["results"]] == ["f32"]


def test_result_dtypes_replace_the_promoted():
    described = emit_json("add", "--dtypes", "f32,bf16", "--result-dtypes", "f16")
    assert [r["dtype"] for r in described["results"]] == ["f16"]


def test_number_becomes_a_parameter():
    described = emit_json("mul", "--dtypes", "f32", "--number", "y")
    assert [o["form"] for o in described["operands"]] == ["tensor", "number"]
    # An integer beside an integer tensor, a float where the caller says so.
    assert emit_json("mul", "--dtypes", "i32", "--number", "y")["results"][0]["dtype"] == "i32"
    assert emit_json("mul", "--dtypes", "i32", "--number", "y=f64")["results"][0]["dtype"] == "f32"


def test_flag_changes_the_body():
    plain, tanh = (codegen("emit", "gelu", *flag, "--stop-after", "trace") for flag in ([], ["--flag", "approximate=tanh"]))
    assert "erf" in plain and "tanh" not in plain
    assert "tanh" in tanh and "erf" not in tanh


def test_layouts_reach_the_kernel():
    for layout in LAYOUTS:
        described = emit_json("add", "--layout", layout)
        assert described["layout"] == layout
        assert described["schedule"].split()[0] == f"family={layout.split('_')[0]}"


def test_an_operand_without_dimensions_is_loaded_once():
    described = emit_json("add", "--single", "y")
    assert described["layout"] == "flat single=1"
    assert "y_value = *y;" in described["text"]


def test_an_operand_that_is_left_out_is_no_parameter():
    for options, is_there in ((("bf16,i64,bf16",), True), (("bf16,i64", "--absent", "weight"), False)):
        described = emit_json("cross_entropy_rows", "--layout", "row_looped", "--dtypes", *options)
        assert ("const bf16* weight" in described["text"]) == is_there


def test_schedules_depend_on_the_speed_of_memory():
    schedules = [emit_json("log", "--dtypes", "bf16", "--memory-gbps", gbps)["schedule"] for gbps in ("3350", "4900")]
    assert ["unroll=1" in schedules[0], "unroll=2" in schedules[1]] == [True, True]


def test_arch_is_what_is_compiled_for(tmp_path):
    for arch in ("sm_80", "sm_100"):
        assert f".target {arch}\n" in codegen("emit", "add", "--arch", arch, "--stop-after", "ptx")


@pytest.mark.skipif(not shutil.which("nvcc"), reason="no nvcc on this machine")
@pytest.mark.parametrize("layout", ["flat", "rows", "tile", "generic"])
@pytest.mark.parametrize(("op", "dtype"), [("silu_and_mul", "f16"), ("add", "bf16"), ("mul", "c64"), ("eq", "i64")])
def test_file_compiles_with_nvcc(tmp_path, op, dtype, layout):
    file = tmp_path / "kernel.cu"
    codegen("emit", op, "--dtypes", dtype, "--layout", layout, "-o", str(file))
    done = subprocess.run(["nvcc", "-arch=sm_90", "-c", str(file), "-o", str(tmp_path / "kernel.o")],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_check_fails_with_a_command_for_each_kernel_that_does_not_compile():
    done = run_tool("gems-codegen", "check", "neg", "--arch", "sm_90", "--sample", "2", GEMS_NVRTC="/no-such-library.so")
    assert done.returncode == 1
    assert done.stdout.count("FAILED gems-codegen emit neg --dtypes ") == 2
    assert "/no-such-library.so" in done.stdout and "0 kernels compiled, 2 failed" in done.stdout


def test_check_compiles_a_sample_and_counts():
    report = json.loads(codegen("check", "add", "gelu", "--arch", "sm_90", "--sample", "6", "--json"))
    assert report["compiled"] == 6 and report["failed"] == 0 and report["total"] > 100
