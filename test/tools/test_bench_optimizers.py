"""The benchmark of optimizers runs, and says when a step of gems is further from f64 than PyTorch's."""

import json
import sys

from repository import ROOT

sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "runtime/aten/python")]

import optimizers  # noqa: E402
import torch  # noqa: E402


def run(*arguments):
    return optimizers.main(["--device", "cpu", "--small", "--only", "^gpt2$", "--rounds", "1", *arguments])


def test_a_step_is_measured(tmp_path, capsys):
    path = tmp_path / "optimizers.json"
    assert run("--json", str(path)) == 0
    rows = json.loads(path.read_text())["cases"]
    assert [row["dtype"] for row in rows] == ["bfloat16", "float32"]
    for row in rows:
        assert list(row["ms"]) == [*optimizers.OPTIMIZERS, optimizers.COPY] and min(row["ms"].values()) > 0
        assert row["wrong"] is None and row["tensors"] > 1
    assert "gpt2" in capsys.readouterr().out


def test_a_wrong_step_is_seen(monkeypatch, capsys):
    def wrong(parameters, **options):
        return torch.optim.AdamW(parameters, **options | {"lr": 2e-3})

    monkeypatch.setitem(optimizers.OPTIMIZERS, optimizers.GEMS, wrong)
    assert run("--dtypes", "float32") == 1
    assert "WRONG: gpt2, float32: " in capsys.readouterr().out
