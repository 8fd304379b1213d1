"""The operators in terms of ATen's, derived from their traces: the same values, shapes and dtypes as the kernels'."""

import pytest
import torch
from torch._decomp import decomposition_table

import gems
import gems_operators as operators
import layouts
from gems_operators import results_of

# What the library registers when it is loaded: the pointwise catalogue, and the gradients that are derived from it. Rowwise
# operators: test_row_operators.py.
DECOMPOSED = {str(overload): overload for overload in gems.decompositions() if torch.Tag.pointwise in overload.tags}
LAYOUTS = ("contiguous", "transposed", "row_broadcast", "column_broadcast_first", "zero_dim_last")


def arguments_of(overload, layout, dtype, device):
    """A positive tensor for each operand, a truth value for a condition, a number; flags keep their defaults."""
    arguments = overload._schema.arguments
    tensors = [each.name for each in arguments if operators.kind(each) == "Tensor"]

    def make(shape, index):
        drawn = torch.rand(shape, device=device) + 0.25
        return drawn > 0.75 if tensors[index] in operators.CONDITIONS else (drawn * 4 if not dtype.is_floating_point else drawn).to(dtype)

    made = dict(zip(tensors, layouts.LAYOUTS[layout](make, len(tensors)), strict=True))
    return [made.get(each.name, 1) for each in arguments if not each.has_default_value()]


@pytest.mark.parametrize("name", DECOMPOSED)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_decomposition_agrees(name, layout, device):
    overload = DECOMPOSED[name]
    for dtype in (torch.float32, torch.bfloat16, torch.complex64, torch.int32):
        arguments = arguments_of(overload, layout, dtype, device)
        try:
            expected = results_of(overload(*arguments))
        except RuntimeError:
            continue  # not of this dtype
        given = results_of(decomposition_table[overload](*arguments))
        for want, have in zip(expected, given, strict=True):
            assert (have.shape, have.dtype, have.device) == (want.shape, want.dtype, want.device)
            torch.testing.assert_close(have, want, equal_nan=True)


@pytest.mark.parametrize("name", [name for name in operators.NAMES if operators.flags_of(name) != [{}] and not operators.is_integral(name)])
def test_decomposition_of_each_flag(name, device):
    for flags in operators.flags_of(name):
        _, tensors = operators.sample(name, torch.float32, device=device)
        drawn = iter(tensor.detach() for tensor in tensors)
        arguments = [next(drawn) if operators.kind(each) == "Tensor" else 0.5 for each in operators.arguments_of(name) if not each.has_default_value()]
        overload = operators.overload(name)
        torch.testing.assert_close(decomposition_table[overload](*arguments, **flags), overload(*arguments, **flags))


def test_results_are_never_operands(device):
    x = torch.rand(3, device=device)
    assert decomposition_table[torch.ops.gems.copy.default](x).data_ptr() != x.data_ptr()


def test_export_leaves_no_operator_of_gems():
    class Gate(torch.nn.Module):
        def forward(self, x, y):
            return torch.ops.gems.silu_and_mul(x, y)

    arguments = (torch.rand(3, 4), torch.rand(3, 4))
    exported = torch.export.export(Gate(), arguments).run_decompositions(gems.decompositions())
    assert not any("gems" in str(node.target) for node in exported.graph.nodes)
    torch.testing.assert_close(exported.module()(*arguments), Gate()(*arguments))
