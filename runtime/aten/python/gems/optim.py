"""Optimizers of torch.optim whose step is one pass over parameter, gradient and states."""

import itertools

import torch

from . import _library  # noqa: F401  (torch.ops.gems)

__all__ = ["Adam", "AdamW"]

# What the pass does not do; groups with one of these take PyTorch's own step.
_OPTIONS = ("amsgrad", "maximize", "capturable", "differentiable", "fused")

# Types of tensors that are the whole of what they are.
_PLAIN = {torch.Tensor, torch.nn.Parameter}


def _torch_step(optimizer, group):
    step = torch.optim.Adam.step  # without the hooks that PyTorch puts around it: they run around ours
    groups, optimizer.param_groups = optimizer.param_groups, [group]
    try:
        (step.__wrapped__ if getattr(step, "hooked", False) else step)(optimizer)
    finally:
        optimizer.param_groups = groups


def _placements(tensor):
    """Of a DTensor; None of others."""
    return getattr(tensor, "placements", None)


def _local(tensor):
    """What this process has of a DTensor; others as they are."""
    return tensor if _placements(tensor) is None else tensor.to_local()


def _is_number(value):
    """Whether it has a value without waiting for a device."""
    return not isinstance(value, torch.Tensor) or value.device.type == "cpu"


def _gather(optimizer, group):
    """Parameters, gradients, means, means of squares and steps, of the parameters that have gradients."""
    lists = params, grads, means, squares, steps = [], [], [], [], []
    for parameter in group["params"]:
        grad = parameter.grad
        if grad is None:
            continue
        state = optimizer.state[parameter]
        if not state:
            optimizer._init_group(group, [], [], [], [], [], [])
        params.append(parameter)
        grads.append(grad)
        means.append(state["exp_avg"])
        squares.append(state["exp_avg_sq"])
        steps.append(state["step"])
    return lists


def _step_group(optimizer, group):
    """False, and nothing is changed, when the pass does not do what the group needs."""
    if any(group[each] for each in _OPTIONS) or not all(map(_is_number, (group["lr"], *group["betas"]))):
        return False
    *lists, steps = _gather(optimizer, group)
    if not steps:
        return True
    if not _PLAIN.issuperset(map(type, itertools.chain(*lists))):
        if any(len({_placements(each) for each in tensors}) > 1 for tensors in zip(*lists, strict=True)):
            return False
        lists = ([_local(each) for each in tensors] for tensors in lists)
    return torch.ops.gems._adam_steps_(
        *lists, steps, float(group["lr"]), *map(float, group["betas"]), group["eps"], group["weight_decay"],
        group["decoupled_weight_decay"],
    )  # fmt: skip


def _step(self, closure=None):
    """One step of all parameters that have gradients; closure: computes the loss again, and its gradients. Returns its result."""
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    with torch.no_grad():
        for group in self.param_groups:
            if not _step_group(self, group):
                _torch_step(self, group)
    return loss


class Adam(torch.optim.Adam):
    """torch.optim.Adam with a step in one pass; arguments, states, state dicts and errors are that class's.

    Groups with amsgrad, maximize, capturable, differentiable or fused, or with a learning rate on a device, take PyTorch's
    step. Parameters may be float tensors of any layout, on CPUs and CUDA devices, and DTensors.
    """

    step = _step


class AdamW(torch.optim.AdamW):
    """torch.optim.AdamW, as Adam is torch.optim.Adam (Loshchilov and Hutter, "Decoupled weight decay regularization")."""

    step = _step
