"""Calls of reductions: what tells plans apart, given results, rows without elements, and what is left to ATen."""

import numpy
import pytest
import torch

import gems
from cases import DEVICE

pytestmark = pytest.mark.skipif(DEVICE == "cpu", reason="reductions are overridden for CUDA only")


@pytest.fixture(autouse=True)
def counted():
    gems.reset_report()
    with gems.use_gems():
        yield


def counts(name):
    row = gems.report()[name]
    return row.served, {why: count for why, count in row.declined.items() if count}


def test_dims_and_keepdim_tell_plans_apart():
    x = torch.arange(24.0, device=DEVICE).reshape(2, 3, 4)
    shapes = {}
    for _ in range(2):
        for dims in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2], []):
            for keepdim in (False, True):
                result = torch.sum(x, dims, keepdim)
                shapes[tuple(dims), keepdim] = tuple(result.shape)
                expected = x.double().cpu().numpy().sum(axis=tuple(dims) or None, keepdims=keepdim)
                assert torch.equal(result.double().cpu(), torch.as_tensor(expected)), (dims, keepdim)
    assert shapes[(1,), True] == (2, 1, 4) and shapes[(), True] == (1, 1, 1)
    assert counts("sum.dim_IntList") == (32, {})


def test_results_of_several_dtypes_come_back_together():
    x = torch.tensor([[1.0, 3.0, 3.0], [float("nan"), 2.0, 1.0]], device=DEVICE)
    values, indices = torch.max(x, 1)
    assert indices.tolist() == [1, 0] and indices.dtype == torch.int64
    assert values[0] == 3 and values[1].isnan()
    assert counts("max.dim") == (1, {})


def test_a_given_result_without_elements_is_resized_on_each_call():
    x = torch.ones(3, 4, device=DEVICE)
    for _ in range(2):
        out = torch.empty(0, device=DEVICE)
        assert torch.sum(x, 1, out=out) is out
        assert out.tolist() == [4, 4, 4]
    assert counts("sum.IntList_out") == (2, {})


def test_given_results_of_another_shape_and_parts_of_an_operand_are_left_to_aten():
    x = torch.ones(3, 4, device=DEVICE)
    with pytest.warns(UserWarning, match="was resized"):
        torch.sum(x, 1, out=torch.ones(2, device=DEVICE))
    assert counts("sum.IntList_out") == (0, {"out has another shape": 1})
    torch.amax(x, 1, out=x.flatten()[:0])
    assert counts("amax.out")[0] == 0


def test_both_given_results_of_a_pair_are_written():
    x = torch.tensor([[1.0, 5.0], [7.0, 2.0]], device=DEVICE)
    values, indices = torch.empty(2, device=DEVICE), torch.empty(2, dtype=torch.int64, device=DEVICE)
    torch.min(x, 0, out=(values, indices))
    assert values.tolist() == [1, 2] and indices.tolist() == [0, 1]
    assert counts("min.dim_min") == (1, {})


def test_rows_without_elements_have_results():
    x = torch.empty(3, 0, device=DEVICE)
    assert torch.sum(x, 1).tolist() == [0, 0, 0]
    assert torch.prod(x, 1).tolist() == [1, 1, 1]
    assert torch.all(x, 1).tolist() == [True] * 3
    assert torch.sum(x, 0).shape == (0,)
    assert counts("sum.dim_IntList") == (2, {})


def test_what_aten_raises_or_warns_about_is_left_to_it():
    x = torch.ones(3, 4, device=DEVICE)
    with pytest.raises(RuntimeError, match="dim 0 appears multiple times"):
        torch.sum(x, [0, -2])
    with pytest.raises(IndexError, match="Dimension out of range"):
        torch.amax(x, 2)
    with pytest.raises(IndexError, match="non-zero size"):
        torch.amax(x[:, :0], 1)
    with pytest.warns(UserWarning, match="degrees of freedom"):
        torch.var(x[:, :1], 1)
    assert counts("sum.dim_IntList") == (0, {"ATen raises": 1})
    assert counts("amax") == (0, {"ATen raises": 2})
    assert counts("var.correction") == (0, {"ATen warns": 1})


def test_a_weight_may_be_left_out_of_a_norm():
    x = torch.randn(6, 8, device=DEVICE)
    weight, bias = torch.randn(8, device=DEVICE), torch.randn(8, device=DEVICE)
    wide = x.double().cpu().numpy()
    normalized = (wide - wide.mean(1, keepdims=True)) / numpy.sqrt(wide.var(1, keepdims=True) + 1e-5)
    for w, b in ((None, None), (weight, None), (None, bias), (weight, bias)):
        expected = normalized * (1 if w is None else w.cpu().numpy()) + (0 if b is None else b.cpu().numpy())
        result = torch.layer_norm(x, [8], w, b).cpu().numpy()
        numpy.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    assert counts("native_layer_norm") == (4, {})


def test_the_dtype_that_is_computed_in_can_be_asked_for():
    x = torch.full((2, 4096), 1.001, device=DEVICE, dtype=torch.bfloat16)
    result = torch.sum(x, 1, dtype=torch.float32)
    assert result.dtype == torch.float32
    numpy.testing.assert_allclose(result.cpu().numpy(), x.double().cpu().numpy().sum(1), rtol=1e-5)
    torch.sum(x, 1, dtype=torch.float64)
    assert counts("sum.dim_IntList") == (1, {"arguments": 1})
