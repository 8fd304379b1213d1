"""gems-codegen --module: the ops of a module are listed, shown, emitted and checked as those of gems are."""

import json

import pytest
from repository import BIN, run_tool

MODULES = BIN.parent / "test/modules"
SAMPLE = MODULES / "sample_ops.so"


def codegen(*arguments, expected=0):
    done = run_tool("gems-codegen", "--module", SAMPLE, *arguments)
    assert done.returncode == expected, done.stderr
    return done.stdout if expected == 0 else done.stderr


def test_help_names_the_option():
    said = run_tool("gems-codegen", "--help").stdout
    assert "--module" in said and "gems-codegen --module build/my_ops.so emit swish_glu" in said


def test_list_has_the_modules_ops_only():
    assert [line.split()[0] for line in codegen("list").splitlines()] == ["mish", "sum_and_difference", "swish_glu", "wrong"]
    assert {op["name"] for op in json.loads(codegen("list", "--json"))} == {"mish", "sum_and_difference", "swish_glu", "wrong"}


def test_show_says_what_the_source_says():
    text = codegen("show", "swish_glu")
    assert "sample_ops.cpp:" in text and "default exact, one of exact hard" in text and "takes floats" in text
    results = json.loads(codegen("show", "sum_and_difference", "--json"))["results"]
    assert [result["promotion"]["kind"] for result in results] == ["Default", "Default"]
    unsupported = codegen("show", "wrong").split("not supported: ")[1]
    assert unsupported.startswith("f16, bf16, f32, f64")


@pytest.mark.parametrize("stage", ["trace", "cuda", "llvm"])
def test_emit_prints_every_stage(stage):
    text = codegen("emit", "swish_glu", "--dtypes", "bf16", "--flag", "mode=hard", "--stop-after", stage)
    assert "swish_glu" in text and "sigmoid" not in text


def test_check_compiles_the_modules_kernels():
    report = json.loads(codegen("check", "swish_glu", "--arch", "sm_90", "--sample", "4", "--json"))
    assert report["compiled"] == 4 and report["failed"] == 0
    assert "unknown op 'gelu'" in codegen("check", "gelu", expected=2)


@pytest.mark.parametrize(("file", "words"), [
    ("no_such.so", "gems-codegen: there is no file "),
    ("format_to_come.so", "is a module of format 99, and this gems reads format 1: it was built with a newer gems"),
    ("two_of_one_name.so", "op 'minus' is defined twice: at minus.c:7 and at again.c:8; give one another name"),
])
def test_a_module_that_is_refused_is_a_mistake_of_the_command_line(file, words):
    done = run_tool("gems-codegen", "--module", MODULES / file, "list")
    assert done.returncode == 2 and words in done.stderr
