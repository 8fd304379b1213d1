"""A pair of processes that share a mesh of CPUs, by gloo."""

import os

import torch.distributed as dist
import torch.multiprocessing as mp

WORLD = 2


def _enter(rank, port, check, failures, arguments):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=WORLD)
    from torch.distributed.device_mesh import init_device_mesh

    check(init_device_mesh("cpu", (WORLD,)), failures, *arguments)
    dist.destroy_process_group()


def failures_of(check, *arguments):
    """What check(mesh, failures, ...) has appended to failures in the processes; check is a function of a module."""
    context = mp.get_context("spawn")
    with context.Manager() as manager:
        failures = manager.list()
        port = 29500 + os.getpid() % 490
        mp.start_processes(_enter, (port, check, failures, arguments), nprocs=WORLD, start_method="spawn")
        return list(failures)
