"""Every operator on DTensors: two processes, gloo; values and gradients beside those of whole tensors."""

import pytest
import torch
import torch.distributed as dist

import gems  # noqa: F401  (defines torch.ops.gems)
import gems_operators
import groups
import row_operators


def _run_rows(mesh, name):
    """Rows are sharded, or all is replicated; what they share (weights) is on each process."""
    from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

    if name == "cross_entropy_gradient":
        return  # the index of its columns is no DTensor
    for placement in (Shard(0), Replicate()):
        arguments = row_operators.arguments_of(name, (4, 6), (-1,), torch.float32, "cpu")
        if name == "cross_entropy_rows":
            arguments[2] = None  # what is picked from weights that all rows share is replicated, and so is all else then
        # Gradients of these two are derived when first asked for, without a decomposition.
        wants = name not in {*row_operators.WITHOUT_GRADIENT, "layer_norm_backward", "rms_norm_backward"}
        wholes, parts = [], []
        for argument, whole in zip(gems_operators.arguments_of(name), arguments, strict=False):
            if not torch.is_tensor(whole):
                wholes.append(whole)
                parts.append(whole)
                continue
            of_column = argument.name in ("weight", "bias")
            part = distribute_tensor(whole, mesh, [Replicate() if of_column else placement])
            moves = wants and whole.is_floating_point() and argument.name != "mask"  # derived when first asked for, without a decomposition
            wholes.append(whole.clone().requires_grad_(moves))
            parts.append(part.requires_grad_(moves))
        operator = gems_operators.overload(name)
        expected, given = (gems_operators.results_of(operator(*each)) for each in (wholes, parts))
        for want, have in zip(expected, given, strict=True):
            # What is a sum over all rows is one over each process's first.
            sums = (Partial(),) if want.shape == (6,) and placement.is_shard() else (placement,)
            assert have.placements == sums, f"the result is {have.placements}"
            torch.testing.assert_close(have.full_tensor(), want)
        if not wants:
            continue
        for results in (expected, given):
            sum(each.sum() for each in results if each.is_floating_point()).backward()
        for whole, part in zip(wholes, parts, strict=True):
            if isinstance(part, DTensor) and part.requires_grad:
                torch.testing.assert_close(part.grad.full_tensor(), whole.grad)


def _run_packed_gates(mesh):
    """Sharded rows stay; halves of what is sharded along the last dimension are gathered."""
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    for op in (torch.ops.gems.silu_and_mul, torch.ops.gems.gelu_and_mul):
        for placement in (Shard(0), Shard(1), Replicate()):
            whole = torch.randn(4, 12, requires_grad=True)
            part = distribute_tensor(whole.detach(), mesh, [placement]).requires_grad_()
            expected, given = op(whole, gate_last=True), op(part, gate_last=True)
            assert given.placements == ((Shard(0) if placement == Shard(0) else Replicate()),), f"the result is {given.placements}"
            torch.testing.assert_close(given.full_tensor(), expected)
            for each in (expected, given):
                each.square().sum().backward()
            torch.testing.assert_close(part.grad.full_tensor(), whole.grad)


def _run_linear_act(mesh):
    """Rows are sharded, or all is replicated; parameters are on each process."""
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    for placement in (Shard(0), Replicate()):
        wholes = [torch.randn(shape, requires_grad=True) for shape in ((4, 6), (5, 6), (5,), (4, 5))]
        places = (placement, Replicate(), Replicate(), placement)
        parts = [distribute_tensor(each.detach(), mesh, [place]).requires_grad_() for each, place in zip(wholes, places, strict=True)]
        expected, given = (torch.ops.gems.linear_act(*each[:3], "silu", each[3]) for each in (wholes, parts))
        assert given.placements == (placement,), f"the result is {given.placements}"
        torch.testing.assert_close(given.full_tensor(), expected)
        for each in (expected, given):
            each.square().sum().backward()
        for whole, part in zip(wholes, parts, strict=True):
            torch.testing.assert_close(part.grad.full_tensor(), whole.grad)


def _run(mesh, failures, names):
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    for name in names:
        for placement in (Shard(0), Shard(1), Replicate()):
            try:
                torch.manual_seed(0)
                call, tensors = gems_operators.sample(name, torch.float32, shape=(4, 6))
                if gems_operators.refusal(name):
                    tensors = [tensor.detach() for tensor in tensors]
                expected = gems_operators.results_of(call(*tensors))
                parts = [distribute_tensor(tensor.detach(), mesh, [placement]) for tensor in tensors]
                parts = [part.requires_grad_(tensor.requires_grad) for part, tensor in zip(parts, tensors, strict=True)]
                given = gems_operators.results_of(call(*parts))
                for want, have in zip(expected, given, strict=True):
                    assert have.placements == (placement,), f"the result is {have.placements}"
                    torch.testing.assert_close(have.full_tensor(), want)
                wanted = [index for index, tensor in enumerate(tensors) if tensor.requires_grad]
                if not wanted or not expected[0].requires_grad:
                    continue
                sum(each.sum() for each in expected).backward()
                sum(each.sum() for each in given).backward()
                for index in wanted:
                    torch.testing.assert_close(parts[index].grad.full_tensor(), tensors[index].grad)
            except Exception as error:
                failures.append(f"{name}, {placement}: {type(error).__name__}: {str(error)[:300]}")
    for name in row_operators.NAMES:
        try:
            _run_rows(mesh, name)
        except Exception as error:
            failures.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")
    for name, run in (("packed gates", _run_packed_gates), ("linear_act", _run_linear_act)):
        try:
            torch.manual_seed(0)
            run(mesh)
        except Exception as error:
            failures.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")


@pytest.mark.skipif(not dist.is_available(), reason="PyTorch was built without torch.distributed")
def test_sharded_and_replicated_tensors():
    """All operators in one pair of processes, which is what takes the time."""
    names = [name for name in gems_operators.NAMES if not gems_operators.is_integral(name)]
    failures = groups.failures_of(_run, names)
    assert not failures, "\n".join(failures)
