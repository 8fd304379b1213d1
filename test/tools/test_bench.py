"""The benchmark: its cases build and agree at small sizes, its program runs, tables and pictures come from stored results."""

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
import cases  # noqa: E402
import document  # noqa: E402
import first_calls  # noqa: E402
import measure  # noqa: E402
import ncu  # noqa: E402
import override_calls  # noqa: E402
import overrides  # noqa: E402
import plot  # noqa: E402
import pointwise  # noqa: E402
import rows  # noqa: E402
import run_cases  # noqa: E402
import table  # noqa: E402
import targets  # noqa: E402
from operands import TEST_SCALE, Make, touched_bytes  # noqa: E402

FOLDER = ROOT / "test/tools"
SAMPLE = json.loads((FOLDER / "bench_sample.json").read_text())
COUNTERS = (FOLDER / "ncu_sample.csv").read_text()
# CUDA's kernel of a plain copy is ATen's own on the CPU.
COPIES = ("x.t().contiguous()", "permute(0, 2, 1, 3).contiguous()")
ALL = [
    pytest.param(each, dtype, id=f"{each.group}: {each.key(dtype)}")
    for each in (*cases.GPU_CASES, *cases.SMALL_CASES[:1], *cases.CPU_CASES, *cases.HOST_CASES)
    for dtype in each.dtypes
]


@pytest.mark.parametrize(("case", "dtype"), ALL)
def test_every_arm_that_exists_agrees(case, dtype):
    import gems

    operands = case.operands(Make("cpu", TEST_SCALE), dtype)
    expected = [each.clone() for each in bench_case.results(case.eager(*agree.own(case, operands)))]
    for name in ("eager", arms.GEMS, "flaggems", "cupy", "jiterator"):
        gems.reset_report()
        try:
            prepared = arms.prepare(name, case, dtype, [operands])
        except arms.Absent as why:
            assert name not in ("eager", arms.GEMS) and str(why)
            continue
        with prepared.scope():
            given = prepared.call(*agree.own(case, operands))
        assert agree.difference(expected, bench_case.results(given)) is None
        if name == arms.GEMS and case.gems is None and case.name not in COPIES:
            assert any(row.served for row in gems.report().values())
    assert case.bytes(operands, expected) > 0


def test_a_formula_for_torch_compile_is_the_case():
    for case in cases.GPU_CASES:
        if case.compile is not None:
            operands = case.operands(Make("cpu", TEST_SCALE), case.dtypes[0])
            expected = bench_case.results(case.eager(*agree.own(case, operands)))
            assert agree.difference(expected, case.compile(*agree.own(case, operands))) is None


def test_a_wrong_result_is_seen():
    x = torch.randn(100, dtype=torch.bfloat16)
    assert agree.difference([x], [x]) is None
    assert "Tensor-likes are not close" in agree.difference([x], [x + 0.25])
    assert "expected torch.bfloat16 (100,)" in agree.difference([x], [x.float()])
    assert agree.difference([x > 0], [x < 0]).endswith("elements differ")
    assert agree.difference([x], [x, x]) == "2 results, expected 1"


def test_names_are_unique_and_every_case_has_targets():
    keys = [(case.group, case.key(dtype)) for case in cases.GPU_CASES + cases.SMALL_CASES for dtype in case.dtypes]
    assert len(set(keys)) == len(keys) >= 45
    for device in ("NVIDIA H100 80GB HBM3", "NVIDIA H200", "CPU"):
        for case in cases.GPU_CASES + cases.SMALL_CASES:
            for dtype in case.dtypes:
                targets.target_of(case.name, case.group, device, dtype.itemsize)
    assert targets.target_of("gelu", "functions", "NVIDIA H200", 2).eager == 1.38
    assert targets.target_of("gelu", "functions", "NVIDIA H200", 4).eager == 1.0


@pytest.mark.parametrize(
    ("tensor", "expected"),
    (
        (torch.empty(64, 64), 64 * 64 * 4),
        (torch.empty(64, 64).t(), 64 * 64 * 4),
        (torch.empty(64).expand(64, 64), 64 * 4),
        (torch.empty(64, 1).expand(64, 64), 64 * 4),
        (torch.empty(64, 64)[:, ::2], 64 * 64 * 4),  # every sector is read
        (torch.empty(64, 64)[:, ::32], 64 * 2 * 32),
        (torch.empty(64, 64)[::2], 32 * 64 * 4),
        (torch.empty(()), 4),
    ),
)
def test_distinct_bytes(tensor, expected):
    assert touched_bytes(tensor) == expected


def run(*arguments):
    return pointwise.main(["--device", "cpu", "--rounds", "2", *arguments])


def test_program_writes_rows_and_resumes(tmp_path, capsys, monkeypatch):
    path = tmp_path / "results.json"
    assert run("--only", "contiguous: add", "--json", str(path)) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^add, bfloat16 +\d", printed, re.MULTILINE) and "cases reach their targets" in printed
    found = json.loads(path.read_text())["cases"]
    assert [rows.title(row) for row in found] == ["add, float32", "add, bfloat16"]
    assert all(set(row["arms"]) == {"eager", "gems"} and row["served"] for row in found)

    measured = []
    monkeypatch.setattr(run_cases, "run_case", lambda case, dtype, *_: measured.append(case.key(dtype)) or found[0])
    assert run("--only", "contiguous", "--json", str(path), "--resume") == 0
    assert measured == ["mul, float32", "mul, bfloat16"]
    assert run("--only", "fused", "--json", str(path), "--resume", "--limit", "-1") == 0
    assert measured == ["mul, float32", "mul, bfloat16"]
    assert "run again with --resume" in capsys.readouterr().err


def test_program_measures_host_time(tmp_path, capsys):
    path = tmp_path / "results.json"
    assert run("--parts", "host", "--json", str(path)) == 0
    assert [row["name"] for row in json.loads(path.read_text())["host"]] == [case.name for case in cases.HOST_CASES]
    assert "host time of a call" in capsys.readouterr().out


def test_a_wrong_gems_result_fails_the_program(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run_cases, "difference", lambda *_: "off by one")
    assert run("--only", "contiguous: add, float32") == 1
    assert "WRONG: off by one" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    (
        (["--arms", "eager,flagems"], "no such arm: flagems; there are eager, compile, compile autotuned, flaggems"),
        (["--parts", "case"], "no such part: case; there are cases, small, host, first"),
        (["--only", "no such case"], "no case is found by 'no such case'; there are add, bfloat16; add, float32;"),
        (["--only", "add("], "--only 'add(' is no regular expression"),
    ),
)
def test_unknown_names_are_explained(arguments, text, capsys):
    with pytest.raises(SystemExit) as stopped:
        pointwise.main(["--device", "cpu", *arguments])
    assert stopped.value.code == 2
    assert text in capsys.readouterr().err


def test_first_calls_of_gems():
    found = first_calls.run(["gems"], "cpu")[0]
    assert found["name"] == "gems"
    for state in ("compiled", "from disk"):
        assert set(found[state]) == {*first_calls.STEPS, "compiles for new shapes", "kernels"}
        assert found[state]["compiles for new shapes"] == 0
        assert set(found[state]["kernels"]) == set(first_calls.STEPS)
    # Compiling takes many times as long as reading the kernel, however busy the machine is.
    assert found["from disk"]["kernels"]["erf"] < found["compiled"]["kernels"]["erf"]


def test_interleaved_ratios_and_noise():
    seconds = {"a": [1.0, 2.0, 3.0], "b": [2.0, 2.0, 2.0]}
    assert measure.ratio(seconds, "a", "b") == 1.0
    assert measure.spread(seconds, "a", "b") == 0.5
    assert measure.spread({"a": [1.0, 1.1, 9.0, 1.0], "b": [1.0] * 4}, "a", "b") == pytest.approx(0.1)
    order = []
    named = {name: (lambda name=name: order.append(name) or 1.0) for name in "ab"}
    assert measure.interleave(named, 2) == {"a": [1.0, 1.0], "b": [1.0, 1.0]}
    assert order == ["a", "b", "b", "a"]


def test_a_time_limit_ends_a_call():
    with pytest.raises(TimeoutError, match="compiling took more than 1 s"), measure.time_limit(1, "compiling"):
        while True:
            pass


def test_an_arm_that_fails_is_named():
    def broken():
        raise RuntimeError("illegal access")

    with pytest.raises(RuntimeError, match="cupy, round 0: illegal access"):
        measure.interleave({"cupy": broken}, 1)


def row(**changes):
    measured = {"us": 10.0, "of_copy": 0.98, "slower": 1.0}
    peers = {"eager": {"us": 12.0, "of_copy": 0.8, "slower": 1.2}, "compile": {"us": 11.0, "of_copy": 0.9, "slower": 1.1}}
    return {
        "name": "add", "group": "contiguous", "dtype": "float32", "bytes": 1000, "copy_us": 9.8,
        "arms": peers | {"compile autotuned": {"us": 9.0, "of_copy": 1.1, "slower": 0.9}, "gems": measured},
        "absent": {}, "wrong": {}, "served": True, "noise": 0.01,
        "target": {"copy": 0.97, "eager": 1.0, "compile": 1.0},
    } | changes  # fmt: skip


def test_the_faster_mode_of_torch_compile_counts():
    assert rows.of_copy(row(), "compile") == 1.1
    assert rows.speed_up(row(), "compile") == 0.9
    assert rows.missed(row()) == ["0.900x torch.compile, target 1.0"]
    assert rows.missed(row(noise=0.11)) == []


def test_beside_a_peer_no_more_is_asked_than_beside_a_copy():
    target = {"copy": 0.97, "eager": 1.1, "compile": 1.5}
    assert rows.wanted_speed_up(row(target=target), "eager") == 1.1
    assert rows.wanted_speed_up(row(target=target), "compile") == 1.0  # runs faster than a copy
    near = row(target=target)
    near["arms"]["eager"] = {"us": 10.0, "of_copy": 0.94, "slower": 1.01}
    assert rows.wanted_speed_up(near, "eager") == 1.032
    assert rows.wanted_speed_up(row(target=target | {"copy": None}), "compile") == 1.5


def test_failures_are_said():
    assert rows.failed(row()) is None
    assert "NOT SERVED" in rows.failed(row(served=False))
    assert rows.failed(row(wrong={"gems": "nan"}, arms={})) == "WRONG: nan"
    assert "WRONG: nan" in table.line(row(wrong={"gems": "nan"}, arms={}), ["eager", "gems"])
    assert "wrong" in table.line(row(wrong={"cupy": "dtype"}), ["cupy", "eager", "gems"])


def test_summary_of_stored_results():
    text = table.summary(SAMPLE)
    assert "functions             eager 0.75" in text and "worst 0.564: pow 2.5, float32" in text
    assert "under its target: mean" in text
    assert "outer product, float32" in text.partition("peers whose result differs")[2]
    assert re.search(r"FlagGems +compiled +742", text)


def test_pictures_of_stored_results(tmp_path):
    drawn = plot.draw(SAMPLE, tmp_path, "svg")
    assert [path.name for path in drawn] == ["groups.svg", "host.svg", "first_calls.svg"]
    first = [path.read_bytes() for path in drawn]
    for name in ("contiguous", "FlagGems", "gems", "transposed", "NVIDIA H200"):
        assert f">{name}" in first[0].decode()
    assert [path.read_bytes() for path in plot.draw(SAMPLE, tmp_path, "svg")] == first
    assert plot.draw({"cases": [], "host": [], "first_calls": []}, tmp_path, "svg") == []


def test_tables_of_stored_results():
    for name, function in document.TABLES.items():
        if name.startswith(("model", "products")):  # of the rows of models.py and products.py
            continue
        text = function(ncu.joined(SAMPLE["cases"], ncu.parse(COUNTERS)) if name == "counters" else SAMPLE)
        assert text.startswith("| ") == (name != "figures") and "|  None" not in text, name
        assert len({line.count("|") for line in text.splitlines()}) == 1, name
    assert re.search(r"over \d+ calls on one NVIDIA H200: 0\.\d\d of a copy", document.figures(SAMPLE))
    assert "| pow 2.5, float32 | functions | 228.4 | 0.564 |" in document.case_table(SAMPLE)
    assert "Every case reaches its targets." in document.missed_table({"cases": []})
    assert "| add, float32 | NOT SERVED: ATen's kernel ran |" in document.missed_table({"cases": [row(served=False, noise=1)]})


def test_documents_are_up_to_date(tmp_path, capsys):
    documents = [str(ROOT / "README.md"), str(ROOT / "docs/performance.md")]
    assert document.main(["--check", *documents]) == 0
    stale = tmp_path / "stale.md"
    stale.write_text("<!-- table: host test/tools/bench_sample.json -->\nold\n<!-- end of table -->\n")
    assert document.main(["--check", str(stale)]) == 1
    assert "run bench/document.py" in capsys.readouterr().err and "old" in stale.read_text()
    assert document.main([str(stale)]) == 0 and "`a.add_(b)`" in stale.read_text()
    with pytest.raises(KeyError, match="no table 'guests'; there are groups, speed ups"):
        document.filled("<!-- table: guests test/tools/bench_sample.json -->\n<!-- end of table -->\n")


def test_counters_are_read(tmp_path, capsys):
    launches = ncu.parse(COUNTERS)
    assert [each["kernel"] for each in launches[:2]] == ["clamp_bf16_flat", "pow_f32_flat"]
    clamp = launches[0]
    assert (clamp["us"], clamp["dram_bytes"], clamp["registers"], clamp["load_sectors"]) == (61.344, 245.141248, 17, 16)
    results, out = tmp_path / "results.json", tmp_path / "counters.json"
    results.write_text(json.dumps(SAMPLE))
    assert ncu.main([str(results), "--csv", str(FOLDER / "ncu_sample.csv"), "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"transposed +x \+ y\.t\(\), uint8 .*add_u8_generic", printed)
    assert json.loads(out.read_text())[0]["case"] == "clamp, bfloat16"
    with pytest.raises(SystemExit):
        ncu.main([str(results), "--only", "nothing like it"])
    assert "no case of" in capsys.readouterr().err


def test_a_measured_row_finds_its_case():
    case, dtype = ncu.find_case(SAMPLE["cases"][0])
    assert case.key(dtype) == rows.title(SAMPLE["cases"][0])
    with pytest.raises(KeyError, match="no case gone, float32 in cases.py"):
        ncu.find_case(row(name="gone"))


def test_every_override_is_called():
    found, without = overrides.chosen("cpu", overrides.FORMS, overrides.DTYPES, re.compile(""))
    assert without == []
    titles = {overrides.title(call.overload, call.text, dtype) for call, dtype in found}
    assert len(titles) == len(found)
    assert titles >= {
        "pow.Tensor_Scalar(exponent=-2), float32", "pow.Scalar(self=0.5), int32", "add.out(other=2, alpha=1), int64",
        "div_.Tensor_mode(other=3, rounding_mode=floor), int32", "clamp(min=-1, max=None), bfloat16",
        "where.self(other=0-dim tensor), float32", "copy_(src=bfloat16), float32", "lt.Scalar(other=0.5), int64",
    }  # fmt: skip
    assert "pow.Tensor_Scalar(exponent=-2), int32" not in titles  # ATen raises


def sweep(*arguments):
    return overrides.main(["--device", "cpu", "--elements", "2^8", "--rounds", "1", *arguments])


def test_overrides_are_measured(tmp_path, capsys):
    path = tmp_path / "overrides.json"
    only = r"^(exp_|pow\.Scalar|masked_fill\.Scalar_out|copy_)\("
    assert sweep("--only", only, "--dtypes", "float32,int32", "--limit", "0", "--host", "--json", str(path)) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^  pow +7 ", printed, re.MULTILINE) and " cases measured: 0 slow" in printed
    found = json.loads(path.read_text())["cases"]
    assert {(row["timed"], row["form"], row["elements"]) for row in found} >= {("device", "inplace", 256), ("host", "out", 64)}
    assert all(row["speed_up"] > 0 and row["eager_us"] > 0 for row in found if not row["declined"])
    declined = {row["dtype"] for row in found if row["declined"] and row["arguments"].endswith(f"src={row['dtype']}")}
    assert declined == {"float32", "int32"} and "copy without conversion" in printed.partition("declined")[2]


@pytest.mark.parametrize(
    ("measured", "status", "text"),
    (
        ({"speed_up": 0.9, "noise": 0.01}, 1, "SLOW"),
        ({"speed_up": 0.9, "noise": 0.09}, 0, "within the noise"),
        ({"speed_up": 1.0, "noise": 0.0}, 0, "1 cases measured: 0 slow"),
    ),
)
def test_a_slow_override_fails_the_sweep(measured, status, text, capsys, monkeypatch):
    monkeypatch.setattr(overrides, "measured", lambda *_: measured | {"eager_us": 9.0, "gems_us": 10.0})
    assert sweep("--only", r"^relu\(", "--dtypes", "float32") == status
    assert text in capsys.readouterr().out


def test_a_wrong_override_fails_the_sweep(capsys, monkeypatch):
    monkeypatch.setattr(overrides, "difference", lambda *_: "off by one")
    assert sweep("--only", r"^neg\(", "--dtypes", "float32") == 1
    assert "off by one" in capsys.readouterr().out


def test_a_result_nearer_than_eagers_is_right():
    (call,) = (each for each in override_calls.calls("div.Tensor_mode") if each.text == "rounding_mode=trunc")
    operands = overrides.Operands(call, torch.bfloat16, Make("cpu", TEST_SCALE))
    x, y = (each.double() for each in operands.first)
    exact = (x / y).trunc().bfloat16()
    assert overrides.wrong(call, operands, exact) is None
    assert "not close" in overrides.wrong(call, operands, exact + 4)


def test_calls_in_place_get_their_operands_back():
    (call,) = override_calls.calls("exp_")
    operands = overrides.Operands(call, torch.float32, Make("cpu", TEST_SCALE))
    restored = []
    seconds = measure.cpu_arm(call, operands.sets, lambda: restored.append(operands.restore()))
    before = len(restored)
    assert seconds() > 0 and len(restored) == before + 1
    assert not torch.equal(operands.sets[0][0], operands.first[0])
    operands.restore()
    assert torch.equal(operands.sets[0][0], operands.first[0])
    assert torch.equal(operands.expected[0], operands.first[0].exp())
