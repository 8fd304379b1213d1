"""Calls of torch.ops.gems are in gems.report(), beside the overrides."""

import pytest
import torch

import gems
from processes import python

fused = torch.ops.gems


def row(name):
    return gems.report()[name]


@pytest.fixture
def x(device):
    return torch.linspace(-2, 2, 24, device=device)


def test_calls_of_operators_are_counted_by_overload(x):
    out = torch.empty_like(x)
    for _ in range(3):
        fused.silu_and_mul(x, x)
    fused.silu_and_mul.out(x, x, out=out)
    assert (row("gems::silu_and_mul").calls, row("gems::silu_and_mul").served) == (3, 3)
    assert (row("gems::silu_and_mul.out").calls, row("gems::silu_and_mul.out").served) == (1, 1)
    lines = [line.split()[:3] for line in str(gems.report()).splitlines()]
    assert lines[1:] == [["gems::silu_and_mul", "3", "3"], ["gems::silu_and_mul.out", "1", "1"]]
    gems.reset_report()
    assert str(gems.report()) == "gems: no calls"


def test_a_call_counts_under_the_face_that_it_came_through(x):
    with gems.use_gems():
        fused.sigmoid(x)
        torch.sigmoid(x)
    assert (row("gems::sigmoid").calls, row("sigmoid").calls) == (1, 1)


def test_gradients_count_under_the_operator_that_computes_them(x):
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    fused.silu_and_mul(a, b).sum().backward()
    assert (row("gems::silu_and_mul").served, row("gems::silu_and_mul_grad").served) == (1, 1)
    fused.silu_and_mul(a, x).sum().backward()
    assert (row("gems::silu_and_mul").served, row("gems::_silu_and_mul_vjp_x").served) == (2, 1)


def test_rotary_embedding_is_counted(device):
    angles = torch.rand(4, 8, device=device)
    fused.rotary_embedding(torch.rand(1, 4, 2, 16, device=device), angles, angles)
    assert row("gems::rotary_embedding").calls == row("gems::rotary_embedding").served == 1


def test_calls_that_raise_are_declined(x):
    with pytest.raises(RuntimeError):
        fused.silu_and_mul(x, x[:7])
    fused.silu_and_mul(x, x)
    with pytest.raises(RuntimeError):
        fused.silu_and_mul.out(x[1:], x[1:], out=x[:-1])
    called = {name: each for name, each in gems.report().items() if each.calls}
    assert {name: (each.calls, each.served, each.declined) for name, each in called.items()} == {
        "gems::silu_and_mul": (2, 1, {"error, raised to the caller": 1}),
        "gems::silu_and_mul.out": (1, 0, {"memory overlap": 1}),
    }


def test_shapes_alone_are_no_call(x):
    fused.silu_and_mul(x.to("meta"), x.to("meta"))
    assert row("gems::silu_and_mul").calls == 0


def test_compiles_are_counted_once():
    code = """
import torch, gems
x = torch.ones(33)
for _ in range(3):
    torch.ops.gems.silu_and_mul(x, x)
row = gems.report()["gems::silu_and_mul"]
print(row.calls, row.compiles, row.compile_ms > 0)
"""
    assert python(code, GEMS_CACHE="0").stdout == "3 1 True\n"


def test_every_operator_has_a_row():
    # In a process of its own: other tests load modules, whose operators have rows, too.
    code = """
import torch
import gems
# Compositions count under what they call.
composed = {"gems::" + name for name in ("cross_entropy", "linear_act", "linear_gate", "linear_gate.pair", "linear_cross_entropy", "_linear_cross_entropy")}
names = {name for name in torch._C._dispatch_get_all_op_names() if name.startswith("gems::")} - composed
assert {name for name in gems.report() if "::" in name} == names
print(len(names) > 0)
"""
    assert python(code).stdout == "True\n"
