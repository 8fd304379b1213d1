"""The benchmark of reductions, softmax, norms and losses: its cases build and agree at small sizes, its program runs."""

import json
import re
import sys

import pytest
from repository import ROOT

sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "runtime/aten/python")]

import torch  # noqa: E402

import agree  # noqa: E402
import arms  # noqa: E402
import case as bench_case  # noqa: E402
import row_calls  # noqa: E402
import row_cases  # noqa: E402
import rowwise  # noqa: E402
import run_cases  # noqa: E402
import targets  # noqa: E402
from operands import CPU_SCALE, GPU_SCALE, TEST_SCALE, Make  # noqa: E402

TIMED = row_cases.LARGE + row_cases.FEW
ALL = [
    pytest.param(case, dtype, id=f"{case.group}: {case.key(dtype)}")
    for case in TIMED + row_cases.HOST
    for dtype in case.dtypes
    if "cpu" in case.devices
]


@pytest.mark.parametrize(("case", "dtype"), ALL)
def test_every_arm_that_exists_agrees(case, dtype):
    operands = case.operands(Make("cpu", TEST_SCALE), dtype)
    expected = [each.clone() for each in bench_case.results(case.eager(*operands))]
    for name in ("eager", arms.GEMS, "flaggems", "liger", "cupy"):
        try:
            prepared = arms.prepare(name, case, dtype, [operands])
        except arms.Absent as why:
            assert name not in ("eager", arms.GEMS) and str(why)
            continue
        with prepared.scope():
            assert agree.difference(expected, bench_case.results(prepared.call(*operands)), case.terms) is None
    assert case.bytes(operands, expected) > 0


def test_a_formula_for_torch_compile_is_the_case():
    cases = [each for each in TIMED if each.compile is not None]
    assert cases
    for case in cases:
        operands = case.operands(Make("cpu", TEST_SCALE), torch.float32)
        assert agree.difference(case.eager(*operands), case.compile(*operands), case.terms) is None


def test_names_are_unique_and_every_case_has_targets():
    keys = [(case.group, case.key(dtype)) for case in TIMED for dtype in case.dtypes]
    assert len(set(keys)) == len(keys) >= 100
    for device in ("NVIDIA H100 80GB HBM3", "NVIDIA H200", "CPU"):
        for case in TIMED:
            for dtype in case.dtypes:
                targets.target_of(case.name, case.group, device, dtype.itemsize)
    assert targets.target_of("softmax 8192x8192", "rows", "NVIDIA H200", 2) == targets.Target(copy=0.95)
    assert targets.target_of("softmax 8192x8192", "rows", "CPU", 2) == targets.Target(copy=None, eager=1.3)
    assert targets.target_of("softmax 8192x8192", "rows", "CPU", 4).eager == 1.0


def test_a_groups_rows_have_the_lengths_that_it_says():
    limits = {"rows": (2048, 128 * 1024), "short rows": (256, 2048), "long rows": (128 * 1024, 2**40)}
    for case in TIMED:
        if case.group in limits:
            length = int(re.search(r"x(\d+)$", case.name)[1])
            least, most = limits[case.group]
            assert all(least <= length * dtype.itemsize <= most for dtype in case.dtypes), case.name


@pytest.mark.parametrize(
    ("scale", "shape", "expected"),
    (
        (GPU_SCALE, (8192, 32000), (8192, 32000)),
        (GPU_SCALE, (32, 256, 96, 96), (32, 256, 96, 96)),
        (CPU_SCALE, (8192, 8192), (256, 8192)),
        (CPU_SCALE, (512, 262144), (8, 262144)),
        (CPU_SCALE, (2**27,), (2**21,)),
        (TEST_SCALE, (512, 262144), (1, 16384)),
        (TEST_SCALE, (64, 4096), (4, 4096)),
    ),
)
def test_shapes_fit_the_scale(scale, shape, expected):
    assert Make("cpu", scale).fitted(*shape) == expected


def test_a_gradient_counts_what_is_read_and_written():
    (case,) = (each for each in row_cases.BACKWARD if each.name.startswith("layer_norm"))
    operands = case.operands(Make("cpu", TEST_SCALE), torch.float32)
    rows, columns = operands[0].shape
    assert case.bytes(operands, case.eager(*operands)) == 4 * (3 * rows * columns + 2 * rows + 3 * columns)


def test_a_sum_may_round_as_much_as_it_passes_through():
    (case,) = (each for each in row_cases.REDUCTIONS if each.name.startswith("sum of all"))
    x = torch.tensor(1.0)
    assert agree.difference([x], [x + 1e-3], case.terms) is None
    assert "not close" in agree.difference([x], [x + 1e-1], case.terms)
    (case,) = (each for each in row_cases.REDUCTIONS if each.name.startswith("amax of all"))
    assert "not close" in agree.difference([x], [x + 1e-3], case.terms)


def test_statistics_have_the_dtype_that_aten_saves():
    for dtype in (torch.float32, torch.bfloat16):
        x = torch.randn(2, 3, dtype=dtype)
        saved = torch.ops.aten.native_layer_norm(x, [3], None, None, row_calls.EPS)[1]
        assert row_calls.statistics_dtype(Make("cpu"), dtype) == saved.dtype
    assert row_calls.statistics_dtype(Make("cuda"), torch.bfloat16) == torch.float32


def run(*arguments):
    return rowwise.main(["--device", "cpu", "--rounds", "2", *arguments])


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(rowwise, "CPU_SCALE", TEST_SCALE)


def test_program_writes_rows_and_resumes(tiny, tmp_path, capsys, monkeypatch):
    path = tmp_path / "results.json"
    run("--only", "few rows: sum 8x", "--parts", "few", "--json", str(path))
    found = json.loads(path.read_text())["cases"]
    assert [(row["name"], set(row["arms"])) for row in found] == [("sum 8x4096", {"eager", "gems"})]
    assert re.search(r"^sum 8x4096, bfloat16 +\d", capsys.readouterr().out, re.MULTILINE)
    measured = []
    monkeypatch.setattr(run_cases, "run_case", lambda case, dtype, *_: measured.append(case.key(dtype)) or found[0])
    run("--only", "few rows: sum", "--json", str(path), "--resume", "--seconds", "1000")
    assert measured == ["sum 1x4096, bfloat16", "sum 64x4096, bfloat16"]
    run("--only", "losses", "--json", str(path), "--resume", "--seconds", "-1")
    assert len(measured) == 2 and "run again with --resume" in capsys.readouterr().err


def test_a_case_that_aten_computed_is_no_measurement(tiny, capsys, monkeypatch):
    monkeypatch.setattr(run_cases.gems, "report", dict)
    assert run("--only", "^rows: softmax 65536") == 1
    assert "NOT SERVED: ATen's kernel ran" in capsys.readouterr().out


def test_a_call_that_cuda_alone_has_is_left_out_on_the_cpu(capsys):
    with pytest.raises(SystemExit):
        run("--only", "rms_norm backward")
    assert "no case is found by 'rms_norm backward'" in capsys.readouterr().err
    assert [each[2].name for each in run_cases.selected(["row_cases.LARGE"], "rms_norm backward", "cuda")][:1] == [
        "rms_norm backward 16384x4096"
    ]


def test_program_measures_host_time(tiny, tmp_path, capsys):
    path = tmp_path / "results.json"
    assert run("--parts", "host", "--json", str(path)) == 0
    found = json.loads(path.read_text())["host"]
    assert [row["name"] for row in found] == [case.name for case in row_cases.HOST]
    assert all(set(row["us"]) == {"eager", "gems"} for row in found)
    assert f"target {targets.ROWWISE.host_of_eager}" in capsys.readouterr().out
