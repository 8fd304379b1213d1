"""Every operator on DTensors: two processes, gloo; values and gradients beside those of whole tensors."""

import os

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import gems  # noqa: F401  (defines torch.ops.gems)
import gems_operators

WORLD = 2


def _run(rank, port, names, failures):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=WORLD)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    mesh = init_device_mesh("cpu", (WORLD,))
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
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_available(), reason="PyTorch was built without torch.distributed")
def test_sharded_and_replicated_tensors():
    """All operators in one pair of processes, which is what takes the time."""
    context = mp.get_context("spawn")
    with context.Manager() as manager:
        failures = manager.list()
        port = 29500 + os.getpid() % 400
        names = [name for name in gems_operators.NAMES if not gems_operators.is_integral(name)]
        mp.start_processes(_run, (port, names, failures), nprocs=WORLD, start_method="spawn")
        assert not list(failures), "\n".join(failures)
