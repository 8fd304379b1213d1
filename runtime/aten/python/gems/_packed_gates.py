"""The operators on packed gates in terms of those on two tensors: their decompositions."""

import torch


def _in_order(first, second, gate_last):
    return (second, first) if gate_last else (first, second)


def _halves(x, gate_last):
    half = x.shape[-1] // 2
    return _in_order(x[..., :half], x[..., half:], gate_last)


def _packed(on_two):
    def packed(x, *, gate_last=False, **flags):
        return on_two(*_halves(x, gate_last), **flags)

    return packed


def _packed_gradient(on_two):
    def packed_gradient(grad, x, *, gate_last=False, **flags):
        return torch.cat(_in_order(*on_two(*_halves(x, gate_last), grad, **flags), gate_last), -1)

    return packed_gradient


_ops = torch.ops.gems
DECOMPOSITIONS = {
    _ops.silu_and_mul.packed: _packed(_ops.silu_and_mul.default),
    _ops.gelu_and_mul.packed: _packed(_ops.gelu_and_mul.default),
    _ops._silu_and_mul_packed_grad.default: _packed_gradient(_ops.silu_and_mul_grad.default),
    _ops._gelu_and_mul_packed_grad.default: _packed_gradient(_ops.gelu_and_mul_grad.default),
}
