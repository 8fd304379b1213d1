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


def _eps(module, norm: Norm, dtype):
    eps = getattr(module, norm.eps_name)
    return torch.finfo(dtype).eps if eps is None else eps


def _fits(norm: Norm, weight, x, dtype):
    """Whether the operator gives the dtype that the module gives, x being or having the device of its input."""
    fits = dtype.is_floating_point if weight is None else weight.dtype is dtype and weight.shape[0] == x.shape[-1]
    return fits and not (norm.is_cast and _is_autocast(x))


def _normalized(norm: Norm, skip=False):
    """function(module, weight, dtype, x...) -> results of the operator, rows of the dtype first."""
    operator = getattr(torch.ops.gems, f"skip_{norm.operator}" if skip else norm.operator).default
    if norm.operator == "layer_norm":
        return lambda module, weight, dtype, *x: operator(*x, weight, module._parameters.get("bias"), _eps(module, norm, dtype))
    if norm.operator == "gemma_rms_norm" and not skip:
        return lambda module, weight, dtype, *x: (operator(*x, weight, _eps(module, norm, dtype)),)
    return lambda module, weight, dtype, *x: operator(*x, weight, _eps(module, norm, dtype))


def norm_forward(original, norm: Norm):
    """forward of a module whose forward was `original`."""
    normalized = _normalized(norm)

    def forward(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and isinstance(x := args[0], torch.Tensor):
            weight = self._parameters.get("weight")
            if _fits(norm, weight, x, x.dtype):
                return normalized(self, weight, x.dtype, x)[0]
        return original(self, *args, **kwargs)

    return forward


def add_norm(module, x, y):
    """(module(x + y), x + y). A sum that broadcasts is left to PyTorch: it is as large as one of the two anyway."""
    known = getattr(module, "_gems_norm", None)
    if known is not None and isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor) and x.shape == y.shape:
        norm, normalized = known
        dtype = torch.promote_types(x.dtype, y.dtype)
        weight = module._parameters.get("weight")
        if _fits(norm, weight, x, dtype) and not _has_hooks(module):
            result, total = normalized(module, weight, dtype, x, y)
            return result, total
    total = x + y
    return module(total), total


def of_norm(norm: Norm):
    """What add_norm asks a module's class for."""
    return norm, _normalized(norm, skip=True)


# Activations

# activation -> (operator, its keywords)
_GATES = {
    ("silu",): ("silu_and_mul", {}),
    ("gelu", "none"): ("gelu_and_mul", {}),
    ("gelu", "tanh"): ("gelu_and_mul", {"approximate": "tanh"}),
}
GATED = {activation: operator for activation, (operator, _) in _GATES.items()}


def _is_as_found(module, of_class, dtype):
    return type(module) is of_class and dtype.is_floating_point and not _has_hooks(module)


def gate(activation, of_class, is_swapped):
    """function(module, x, y) = module(x) * y, or x * module(y) if swapped, for modules of the class, which compute `activation`."""
    name, keywords = _GATES[activation]
    fused = getattr(torch.ops.gems, name).default

    def gated(module, x, y):
        if x.dtype != y.dtype or not _is_as_found(module, of_class, x.dtype):
            return x * module(y) if is_swapped else module(x) * y
        return fused(y, x, **keywords) if is_swapped else fused(x, y, **keywords)

    return gated


def linear_gate(activation, of_class, is_swapped):
    """function(module, x, first, second) = gate(...)(module, first(x), second(x)), of linear layers that are attributes of a
    module. What decodes, a few rows without gradients, is one launch on CUDA."""
    gated = gate(activation, of_class, is_swapped)
    act = "_".join(each for each in activation if each != "none")

    def of_layers(module, x, first, second):
        gates, values = (second, first) if is_swapped else (first, second)
        if _are_few_rows(x) and _is_as_found(module, of_class, x.dtype) and _are_plain_linear(gates, values, x.dtype):
            return _linear_gate(x, gates.weight, values.weight, gates.bias, values.bias, act)
        return gated(module, first(x), second(x))

    return of_layers


_FEW_ROWS = 8  # that one launch takes (docs/fused.md)
_linear_gate = torch.ops.gems.linear_gate.pair


def _are_few_rows(x):
    if not isinstance(x, torch.Tensor) or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return False
    return 0 < x.numel() <= _FEW_ROWS * x.shape[-1] and not _is_autocast(x)


def _are_plain_linear(first, second, dtype):
    """Whether both are linear layers of one shape, as PyTorch makes them."""
    plain = all(type(each) is torch.nn.Linear and "forward" not in each.__dict__ and not _has_hooks(each) for each in (first, second))
    return plain and first.weight.shape == second.weight.shape and first.weight.dtype == second.weight.dtype == dtype


def packed_gate(activation, of_class, gate_last):
    """function(module, x) = module(gate) * value of the halves of x, gate and value, or value and gate."""
    name, keywords = _GATES[activation]
    fused = getattr(torch.ops.gems, name).packed

    def gated(module, x):
        if _is_as_found(module, of_class, x.dtype):
            return fused(x, gate_last=gate_last, **keywords)
        first, second = x.chunk(2, dim=-1)
        return first * module(second) if gate_last else module(first) * second

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
