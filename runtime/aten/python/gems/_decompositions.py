"""The fused operators in terms of ATen's: what PyTorch traces with when shapes are symbolic (torch.compile(dynamic=True)).

Static shapes go through the library's own Meta kernels; these must agree with them in shape, strides and dtype.
"""

import torch
from torch._decomp import decomposition_table, register_decomposition

from . import _library  # noqa: F401  (defines torch.ops.gems)

aten = torch.ops.aten
gems = torch.ops.gems


def _decomposition(overload):
    """Registers a decomposition; one that an earlier import of this module left stays."""
    return (lambda function: function) if overload in decomposition_table else register_decomposition(overload)


def _like_both(dx, dy):
    """Both gradients have the broadcast shape and the dtype that all operands promote to."""
    return dx + aten.zeros_like(dy), dy + aten.zeros_like(dx)


@_decomposition(gems.silu_and_mul.default)
def silu_and_mul(x, y):
    return aten.silu(x) * y


@_decomposition(gems.silu_and_mul_grad.default)
def silu_and_mul_grad(x, y, grad):
    return _like_both(aten.silu_backward(grad * y, x), grad * aten.silu(x))


@_decomposition(gems.gelu_and_mul.default)
def gelu_and_mul(x, y, approximate="none"):
    return aten.gelu(x, approximate=approximate) * y


@_decomposition(gems.gelu_and_mul_grad.default)
def gelu_and_mul_grad(x, y, grad, approximate="none"):
    inner = grad * y
    dx = aten.gelu_backward(inner, x.expand_as(inner), approximate=approximate)  # oneDNN's does not broadcast
    return _like_both(dx, grad * aten.gelu(x, approximate=approximate))


@_decomposition(gems.bias_gelu.default)
def bias_gelu(x, bias, approximate="none"):
    return aten.gelu(x + bias, approximate=approximate)


@_decomposition(gems.residual_scale_add.default)
def residual_scale_add(x, residual, scale):
    return residual + x * scale
