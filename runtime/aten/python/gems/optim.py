"""Optimizers of torch.optim whose step is one pass over parameter, gradient and states."""

import torch

from . import _library  # noqa: F401  (torch.ops.gems)

__all__ = ["Adam", "AdamW"]

# What the pass does not do; groups with one of these take PyTorch's own step.
_OPTIONS = ("amsgrad", "maximize", "capturable", "differentiable", "fused")


def _torch_step(self, closure):
    step = torch.optim.Adam.step  # without the hooks that PyTorch puts around it: they run around ours
    return (step.__wrapped__ if getattr(step, "hooked", False) else step)(self, closure)


def _placements(tensor):
    """Of a DTensor; None of others."""
    return getattr(tensor, "placements", None)


def _local(tensor):
    """What this process has of a DTensor; others as they are."""
    return tensor if _placements(tensor) is None else tensor.to_local()


def _is_number(value):
    """Whether it has a value without waiting for a device."""
    return not isinstance(value, torch.Tensor) or value.device.type == "cpu"


def _fits(optimizer, group):
    if any(group[each] for each in _OPTIONS) or not all(map(_is_number, (group["lr"], *group["betas"]))):
        return False
    for parameter in group["params"]:
        grad = parameter.grad
        if grad is None:
            continue
        state = optimizer.state.get(parameter, {})
        tensors = [grad, *(state[each] for each in ("exp_avg", "exp_avg_sq") if each in state)]
        if (
            not parameter.dtype.is_floating_point
            or parameter.device.type not in ("cpu", "cuda")
            or grad.is_sparse
            or any(each.device != parameter.device or _placements(each) != _placements(parameter) for each in tensors)
        ):
            return False
    return True


def _step(self, closure=None):
    """One step of all parameters that have gradients; closure: computes the loss again, and its gradients. Returns its result."""
    if not all(_fits(self, group) for group in self.param_groups):
        return _torch_step(self, closure)
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    with torch.no_grad():
        for group in self.param_groups:
            lists = ([], [], [], [])  # parameters, gradients, means, means of squares
            steps = []
            self._init_group(group, *lists, [], steps)
            if not steps:
                continue
            torch._foreach_add_(steps, 1)
            torch.ops.gems._adam_steps_(
                *([_local(each) for each in tensors] for tensors in lists), [each.item() for each in steps], float(group["lr"]),
                *map(float, group["betas"]), group["eps"], group["weight_decay"], group["decoupled_weight_decay"],
            )  # fmt: skip
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
