"""Patched models whose parameters are sharded: FSDP2 and tensor parallel in two processes, beside whole ones; and a step of gems.optim."""

import itertools

import pytest
import torch
import torch.distributed as dist
from models import MODELS

import gems
import groups


def _model():
    torch.manual_seed(0)
    return MODELS["llama"].build().train()


def _fully_shard(model, mesh):
    from torch.distributed.fsdp import fully_shard

    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _tensor_parallel(model, mesh):
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    columns = {f"{part}_proj": ColwiseParallel() for part in ("self_attn.q", "self_attn.k", "self_attn.v", "mlp.gate", "mlp.up")}
    rows = {f"{part}_proj": RowwiseParallel() for part in ("self_attn.o", "mlp.down")}
    for layer in model.model.layers:
        parallelize_module(layer, mesh, columns | rows)


SHARDINGS = {"fsdp": _fully_shard, "tensor parallel": _tensor_parallel}


def _compare(found, expected):
    for name, value in expected.items():
        given = found[name].full_tensor() if hasattr(found[name], "full_tensor") else found[name]
        torch.testing.assert_close(given, value, rtol=1e-4, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}")


def _check(mesh, sharding, is_checkpointed, is_patched_first):
    given = MODELS["llama"].inputs()
    whole, model = _model(), _model()
    whole(**given).loss.backward()
    if is_checkpointed:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if is_patched_first:
        gems.patch(model)
    SHARDINGS[sharding](model, mesh)
    if not is_patched_first:
        gems.patch(model)
    gems.reset_report()
    model(**given).loss.backward()
    served = gems.report()
    for name in ("skip_rms_norm", "rms_norm", "silu_and_mul", "rotary_embedding", "cross_entropy_rows"):
        assert served[f"gems::{name}"].served, f"{name} was not called"
    _compare({name: each.grad for name, each in model.named_parameters()}, {name: each.grad for name, each in whole.named_parameters()})
    for each, optimizer in ((model, gems.optim.AdamW), (whole, torch.optim.AdamW)):
        optimizer(each.parameters(), lr=0.1, eps=1e-3).step()
    assert gems.report()["gems::_adam_steps_"].served == len(list(model.parameters()))
    _compare(dict(model.named_parameters()), dict(whole.named_parameters()))


def _run(mesh, failures):
    for case in itertools.product(SHARDINGS, (False, True), (False, True)):
        try:
            _check(mesh, *case)
        except Exception as error:
            failures.append(f"{case}: {type(error).__name__}: {str(error)[:500]}")


@pytest.mark.skipif(not dist.is_available(), reason="PyTorch was built without torch.distributed")
def test_sharded_models():
    """Patched before and after, with and without checkpoints, in one pair of processes."""
    failures = groups.failures_of(_run)
    assert not failures, "\n".join(failures)
