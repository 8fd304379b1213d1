"""The benchmark of matrix products runs, and says what is wrong and what is slow."""

import json
import sys

from repository import ROOT

sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "runtime/aten/python")]

import torch  # noqa: E402

import document  # noqa: E402
import products  # noqa: E402


def test_products_are_measured(tmp_path, capsys):
    path = tmp_path / "products.json"
    status = products.main(["--device", "cpu", "--only", ": 128x127x127", "--rounds", "1", "--json", str(path)])
    rows = json.loads(path.read_text())["cases"]
    assert [row["direction"] for row in rows] == ["forward", "dx", "dw"]
    assert all(row["us"]["eager"] > 0 and row["wrong"] is None and not row["served"] for row in rows)
    assert status == any(row["slow"] for row in rows)
    assert " of 3 cases are slow or wrong" in capsys.readouterr().out


def test_a_product_with_few_vectors_is_measured_beside_a_read_of_its_matrix(tmp_path, capsys):
    path = tmp_path / "products.json"
    products.main(["--device", "cpu", "--only", "^decode: 2x1024x1024", "--rounds", "1", "--json", str(path)])
    (row,) = json.loads(path.read_text())["cases"]
    assert row["wrong"] is None and min(row["us"][each] for each in (products.EAGER, products.ROWS, products.READ)) > 0
    assert " of a read" in capsys.readouterr().out


def test_a_layer_of_few_rows_is_measured_beside_two_launches(tmp_path, capsys):
    path = tmp_path / "products.json"
    products.main(["--device", "cpu", "--only", "^decode layer: 4x768x3072", "--rounds", "1", "--json", str(path)])
    (row,) = json.loads(path.read_text())["cases"]
    assert row["wrong"] is None and row["name"] == "4x768x3072 gelu_tanh"
    assert min(row["us"][each] for each in (products.EAGER, products.GEMS, products.TWO, products.READ)) > 0
    assert "two launches " in capsys.readouterr().out


def test_batches_of_few_rows_and_vectors_are_measured(tmp_path):
    path = tmp_path / "products.json"
    products.main(["--device", "cpu", "--only", "32 of 1x128x1024|vectors: 1x4096x1", "--rounds", "1", "--json", str(path)])
    rows = json.loads(path.read_text())["cases"]
    assert [row["group"] for row in rows] == ["decode", "vectors"]
    assert all(row["wrong"] is None and row["us"][products.GEMS] > 0 for row in rows)


def test_a_wrong_result_is_seen():
    a, b = torch.randn(2, 33, 33)
    for call, is_wrong in ((lambda x, w: torch.mm(x, w) + 1e-3, True), (torch.mm, False)):
        found = products.problem(products.Calls(torch.mm, call, torch.matmul), a, b)
        assert ("from f64" in found) if is_wrong else found is None


def test_names_are_unique():
    names = [(each.group, each.name) for each in products.PRODUCTS]
    assert len(set(names)) == len(names)


def test_a_table_of_stored_rows():
    row = {"name": "2x8x16", "dtype": "bfloat16", "wrong": None, "of_eager": 1.5, "us": {"eager": 3.0, "gems": 2.0, "read": 1.5}}
    layer = {**row, "name": "2x8x16 silu", "us": {"eager": 6.0, "gems": 2.5, "two launches": 4.04}}
    assert document.product_table({"cases": [row, layer, {**row, "wrong": "nan"}]}).splitlines() == [
        "| m x k x n | eager, us | gems, us | in two launches, us | eager over gems | of a read |",
        "| --- | --- | --- | --- | --- | --- |",
        "| 2x8x16, bfloat16 | 3.0 | 2.0 |  | 1.50x | 0.75 |",
        "| 2x8x16 silu, bfloat16 | 6.0 | 2.5 | 4.0 | 1.50x |  |",
    ]
