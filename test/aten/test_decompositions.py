"""The fused operators in terms of ATen's, which PyTorch traces with: the same values, shapes, strides and dtypes."""

import pytest
import torch
from torch._decomp import decomposition_table

import gems  # noqa: F401  (registers the decompositions)
import layouts
import values
from agreement import metadata_differences
from oracle import fail_with

DECOMPOSED = {str(overload): overload for overload in decomposition_table if overload.namespace == "gems"}
FLAGS = {"approximate": ("none", "tanh")}


def arguments_of(schema, layout, flag, wide, device):
    """Random f32 tensors in a layout, the one at position `wide` in f64; a scale; and the flags' n-th value."""
    types = {argument.name: str(argument.type) for argument in schema.arguments}
    tensors = [name for name, kind in types.items() if kind == "Tensor"]

    def make(shape, index):
        return values.random(shape, torch.float64 if index == wide else torch.float32, device)

    made = dict(zip(tensors, layouts.LAYOUTS[layout](make, len(tensors)), strict=True))
    return [made[name] if name in made else FLAGS[name][flag] if name in FLAGS else 0.3 for name in types]


@pytest.mark.parametrize("name", DECOMPOSED)
@pytest.mark.parametrize("layout", ("contiguous", "transposed", "row_broadcast", "column_broadcast_first"))
@pytest.mark.parametrize("wide", (None, 1))
@pytest.mark.parametrize("flag", (0, 1))
def test_decomposition_agrees(name, layout, flag, wide, device):
    if wide is not None and "gelu_and_mul_grad" in name:
        pytest.skip("ATen's gelu_backward takes one dtype where oneDNN computes it")
    overload = DECOMPOSED[name]
    arguments = arguments_of(overload._schema, layout, flag, wide, device)
    expected, given = overload(*arguments), decomposition_table[overload](*arguments)
    pairs = zip(expected, given, strict=True) if isinstance(expected, (tuple, list)) else [(expected, given)]
    for want, have in pairs:
        fail_with(metadata_differences(want, have))
        torch.testing.assert_close(have, want, rtol=1e-5, atol=1e-5)
