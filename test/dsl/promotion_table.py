"""Writes promotion_table.txt, the golden table of promotion_test.cpp, from the installed PyTorch.

One line a case: the default dtype, the participants as KIND:DTYPE (T a tensor with dimensions, Z a 0-dim tensor,
N a number), "=", then for each promotion kind in the order of PromotionKind the result dtype, or COMPUTE>RESULT where
they differ. "error" where PyTorch refuses. Rules: torch._prims_common.elementwise_dtypes; for uint16, uint32, uint64
and float8, which it does not order, torch.result_type (pairs and DEFAULT only: the other kinds follow from it).

    python test/dsl/promotion_table.py            rewrites the file
    python test/dsl/promotion_table.py --check    fails when the file is not what this PyTorch gives
"""

import argparse
import itertools
import pathlib
import random
import sys
import warnings

import torch
from torch._prims_common import ELEMENTWISE_TYPE_PROMOTION_KIND as KIND
from torch._prims_common import elementwise_dtypes, get_computation_dtype

DTYPES = {
    "bool": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16, "i32": torch.int32,
    "i64": torch.int64, "u16": torch.uint16, "u32": torch.uint32, "u64": torch.uint64, "f16": torch.float16,
    "bf16": torch.bfloat16, "f32": torch.float32, "f64": torch.float64, "c32": torch.complex32,
    "c64": torch.complex64, "c128": torch.complex128, "f8e4m3fn": torch.float8_e4m3fn, "f8e5m2": torch.float8_e5m2,
    "f8e4m3fnuz": torch.float8_e4m3fnuz, "f8e5m2fnuz": torch.float8_e5m2fnuz, "f8e8m0fnu": torch.float8_e8m0fnu,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
NUMBERS = {"bool": True, "i64": 1, "f64": 1.0, "c128": 1j}
UNORDERED = {"u16", "u32", "u64", *(name for name in DTYPES if name.startswith("f8"))}
KINDS = [KIND.DEFAULT, KIND.NO_OPMATH, KIND.INT_TO_FLOAT, KIND.ALWAYS_BOOL, KIND.COMPLEX_TO_FLOAT, KIND.BOOL_TO_LONG]


def participants(unordered):
    names = [n for n in DTYPES if (n in UNORDERED) == unordered]
    return [(kind, name) for kind in "TZ" for name in names] + ([] if unordered else [("N", n) for n in NUMBERS])


def value(participant):
    kind, name = participant
    if kind == "N":
        return NUMBERS[name]
    return torch.empty([1] if kind == "T" else [], dtype=DTYPES[name])


def line(default, case):
    torch.set_default_dtype(DTYPES[default])
    columns = []
    for kind in KINDS:
        compute, result = elementwise_dtypes(*map(value, case), type_promotion_kind=kind)
        if kind == KIND.ALWAYS_BOOL:  # ATen compares in the promoted dtype itself: a number is rounded to it first
            compute = elementwise_dtypes(*map(value, case), type_promotion_kind=KIND.DEFAULT)[1]
        columns.append(NAMES[result] if compute == result else f"{NAMES[compute]}>{NAMES[result]}")
    return f"{default} {' '.join(map(':'.join, case))} = {' '.join(columns)}"


def unordered_line(default, case):
    torch.set_default_dtype(DTYPES[default])
    try:
        result = torch.result_type(*map(value, case))
        compute = torch.float32 if NAMES[result].startswith("f8") else get_computation_dtype(result)
        text = NAMES[result] if compute == result else f"{NAMES[compute]}>{NAMES[result]}"
    except RuntimeError:
        text = "error"
    return f"{default} {' '.join(map(':'.join, case))} = {text}"


def table():
    warnings.filterwarnings("ignore", message="ComplexHalf")
    rng = random.Random(1)
    known, unordered = participants(False), participants(True)
    pairs = list(itertools.combinations_with_replacement(known, 2))
    cases = [("f32", (p,)) for p in known] + [("f32", p) for p in pairs]
    cases += [("f32", tuple(rng.choices(known, k=3))) for _ in range(600)]
    for default in ("f64", "f16", "bf16"):
        cases += [(default, (p,)) for p in known] + [(default, p) for p in rng.sample(pairs, 100)]
    lines = [line(*case) for case in cases]
    lines += [unordered_line("f32", case) for case in itertools.product(unordered, known + unordered)]
    torch.set_default_dtype(torch.float32)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    path = pathlib.Path(__file__).with_suffix(".txt")
    if not check:
        path.write_text(table())
    elif path.read_text() != table():
        sys.exit(f"{path.name} differs from what torch {torch.__version__} gives: rerun {pathlib.Path(__file__).name}")


if __name__ == "__main__":
    main()
