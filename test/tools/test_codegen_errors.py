"""gems-codegen's errors: each says what was given, what is expected and what to do, and exits with 2."""

import pytest
from repository import run_tool

EVERY_DTYPE = (
    "bool, u8, i8, i16, i32, i64, u16, u32, u64, f16, bf16, f32, f64, c32, c64, c128, "
    "f8e4m3fn, f8e5m2, f8e4m3fnuz, f8e5m2fnuz, f8e8m0fnu"
)

CASES = {
    "unknown op, similar name": (
        ["emit", "residual_scale_ad"],
        "unknown op 'residual_scale_ad'; did you mean residual_scale_add? 'gems-codegen list' prints all ops",
    ),
    "unknown op, nothing similar": (
        ["show", "matrix_product"],
        "unknown op 'matrix_product'; 'gems-codegen list' prints all ops",
    ),
    "unknown dtype": (
        ["emit", "add", "--dtypes", "f33"],
        f"op 'add': unknown dtype 'f33'; expected one of {EVERY_DTYPE}",
    ),
    "wrong number of dtypes": (
        ["emit", "mul", "--dtypes", "f16,f16,f16"],
        "op 'mul': --dtypes has 3 dtypes (f16,f16,f16); expected 2, one for each tensor (x, y), or a single one for all of them",
    ),
    "wrong number of result dtypes": (
        ["emit", "mul", "--result-dtypes", "f16,f16"],
        "op 'mul': --result-dtypes has 2 dtypes (f16,f16); expected 1, one for each result",
    ),
    "unknown arch": (
        ["emit", "mul", "--arch", "sm_9"],
        "unknown arch 'sm_9'; expected one of sm_70, sm_72, sm_75, sm_80, sm_86, sm_87, sm_88, sm_89, sm_90, sm_100, "
        "sm_103, sm_110, sm_120, sm_121",
    ),
    "unknown layout": (
        ["emit", "mul", "--layout", "diagonal"],
        "unknown layout 'diagonal'; expected one of flat, rows, rows_unaligned, rows_outer, tile, tile_unaligned, "
        "generic, generic_wide",
    ),
    "single that is not a tensor": (
        ["emit", "mul", "--number", "y", "--single", "y"],
        "op 'mul': --single names 'y', which is not a tensor of this call; expected one of x",
    ),
    "absent operand that every call has": (
        ["emit", "cross_entropy_rows", "--absent", "target"],
        "op 'cross_entropy_rows': --absent target: this operand is no Optional; every call has it",
    ),
    "unknown stage": (
        ["emit", "mul", "--stop-after", "sass"],
        "unknown stage 'sass'; expected one of trace, imported, resolved, expanded, legal, approximated, "
        "swept, scheduled, cuda, scheduled_cpu, lowered, llvm, ptx, cubin",
    ),
    "unknown flag": (
        ["emit", "gelu", "--flag", "aproximate=tanh"],
        "op 'gelu': --flag names operand 'aproximate', which does not exist; expected one of: x (Tensor), approximate (Flag)",
    ),
    "flag without a value": (
        ["emit", "gelu", "--flag", "approximate"],
        "op 'gelu': --flag approximate: no value given; write --flag approximate=VALUE",
    ),
    "flag that is a tensor": (
        ["emit", "gelu", "--flag", "x=1"],
        "op 'gelu': --flag x: this operand is a Tensor, not a Flag; the operands are x (Tensor), approximate (Flag)",
    ),
    "number that is a flag": (
        ["emit", "gelu", "--number", "approximate"],
        "op 'gelu': --number approximate: this operand is a Flag; give it with --flag approximate=VALUE",
    ),
    "number that no operand has": (
        ["emit", "mul", "--number", "z"],
        "op 'mul': --number names operand 'z', which does not exist; expected one of: x (Tensor), y (Tensor)",
    ),
    "number of a narrow dtype": (
        ["emit", "mul", "--number", "y=f16"],
        "op 'mul': --number y=f16: a number is bool, i64, f64 or c128",
    ),
    "only numbers": (
        ["emit", "mul", "--number", "x", "--number", "y"],
        "op 'mul': no operand is left that is a tensor; drop one --number",
    ),
    "output that cannot be written": (
        ["emit", "mul", "-o", "no-such-folder/mul.cu"],
        "cannot write 'no-such-folder/mul.cu'; give -o a file in a folder that exists",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_error(case):
    arguments, text = CASES[case]
    done = run_tool("gems-codegen", *arguments)
    assert done.stderr == f"gems-codegen: {text}\n"
    assert done.stdout == ""
    assert done.returncode == 2


def test_dtypes_that_the_op_refuses_name_op_and_dtype():
    done = run_tool("gems-codegen", "emit", "bitwise_and", "--dtypes", "f32")
    assert done.returncode == 2
    assert done.stderr.startswith("gems-codegen: op 'bitwise_and'") and "f32" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["emit"], ["print"], ["emit", "mul", "--colour"], ["show"]])
def test_incomplete_command_line_points_to_help(arguments):
    done = run_tool("gems-codegen", *arguments)
    assert done.returncode == 2
    assert "--help" in done.stderr and done.stdout == ""
