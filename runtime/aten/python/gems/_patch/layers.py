"""What patched modules compute. Each takes the fused operator where it gives what the module gives, else the module's way."""

import torch
from torch.nn.modules.module import _has_any_global_hook

from .recognition import Norm


def _has_hooks(module):
    own = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
    return any(own) or _has_any_global_hook()


def _is_autocast(x):
    return torch.is_autocast_enabled(x.device.type)


# Norms


def _fits(module, norm: Norm, shape, dtype, is_cast):
    """Whether rows of the dtype have the module's weights' dtype and length. Of what autocast would cast: not."""
    weight = module._parameters.get("weight")
    if is_cast or not dtype.is_floating_point:
        return False
    return weight is None or (weight.dtype == dtype and weight.shape == shape[-1:])


def _weights(module, norm: Norm, dtype):
    weight = module._parameters.get("weight")
    if norm.has_unit_offset and weight is not None:
        weight = 1 + weight.float()
    eps = getattr(module, norm.eps_name)
    eps = torch.finfo(dtype).eps if eps is None else eps
    return (weight, eps) if norm.operator == "rms_norm" else (weight, module._parameters.get("bias"), eps)


def norm_forward(original, norm: Norm):
    """forward of a module whose forward was `original`."""
    operator = getattr(torch.ops.gems, norm.operator)

    def forward(self, *args, **kwargs):
        x = args[0] if len(args) == 1 and not kwargs else None
        if not isinstance(x, torch.Tensor) or not _fits(self, norm, x.shape, x.dtype, norm.is_cast and _is_autocast(x)):
            return original(self, *args, **kwargs)
        return operator(x, *_weights(self, norm, x.dtype))[0].to(x.dtype)

    return forward


def add_norm(module, x, y):
    """(module(x + y), x + y)."""
    norm = getattr(module, "_gems_norm", None)
    if norm is not None and isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor) and x.shape == y.shape:
        dtype = torch.promote_types(x.dtype, y.dtype)
        if _fits(module, norm, x.shape, dtype, norm.is_cast and _is_autocast(x)) and not _has_hooks(module):
            operator = torch.ops.gems.skip_rms_norm if norm.operator == "rms_norm" else torch.ops.gems.skip_layer_norm
            result, total = operator(x, y, *_weights(module, norm, dtype))
            return result.to(dtype), total
    total = x + y
    return module(total), total


# Activations

_GATES = {
    ("silu",): lambda x, y: torch.ops.gems.silu_and_mul(x, y),
    ("gelu", "none"): lambda x, y: torch.ops.gems.gelu_and_mul(x, y),
    ("gelu", "tanh"): lambda x, y: torch.ops.gems.gelu_and_mul(x, y, "tanh"),
}
GATED = {name: f"{name[0]}_and_mul" for name in _GATES}


def gate(activation, of_class, is_swapped):
    """function(module, x, y) = module(x) * y, or x * module(y) if swapped, for modules of the class, which compute `activation`."""
    fused = _GATES[activation]

    def gated(module, x, y):
        if type(module) is not of_class or _has_hooks(module) or x.dtype != y.dtype or not x.dtype.is_floating_point:
            return x * module(y) if is_swapped else module(x) * y
        return fused(y, x) if is_swapped else fused(x, y)

    return gated


def activation_forward(original, activation):
    """forward of a module whose forward was `original` and which computes `activation`."""
    name, *flags = activation
    operator = getattr(torch.ops.gems, name)

    def forward(self, *args, **kwargs):
        x = args[0] if len(args) == 1 and not kwargs else None
        if not isinstance(x, torch.Tensor) or not x.dtype.is_floating_point:
            return original(self, *args, **kwargs)
        return operator(x, *flags)

    return forward


# Rotary embedding


def rotary(original, is_partial):
    """function(q, k, cos, sin, ...) for one that recognition.rotary() knows."""

    def turned(q, k, cos, sin, *args, **kwargs):
        elements = cos.shape[-1]
        at = args[-1] if args else kwargs.get("unsqueeze_dim", 1)
        if (
            len(args) > 1
            or not set(kwargs) <= {"unsqueeze_dim"}
            or elements > q.shape[-1]
            or (elements < q.shape[-1] and not is_partial)
            or not q.dtype == k.dtype == cos.dtype == sin.dtype
            or cos.dim() != q.dim() - 1
        ):
            return original(q, k, cos, sin, *args, **kwargs)
        cos, sin = (each[..., : elements // 2].unsqueeze(at) for each in (cos, sin))
        return torch.ops.gems.rotary_embedding(q, cos, sin), torch.ops.gems.rotary_embedding(k, cos, sin)

    return turned
