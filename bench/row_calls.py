"""The longer calls of row_cases.py: norms, losses and their gradients, as PyTorch has them and as the peers do."""

import functools

import torch
import torch.nn.functional as F

ATEN = torch.ops.aten
EPS = 1e-5
GROUPS = 32
F32 = torch.float32


def statistics_dtype(make, dtype):
    """Of a norm's saved statistics: those of 2-byte operands are f32 on a GPU."""
    return F32 if make.device == "cuda" and dtype.itemsize == 2 else dtype


def layer_norm(x, weight, bias):
    return F.layer_norm(x, x.shape[-1:], weight, bias, EPS)


def rms_norm(x, weight):
    return F.rms_norm(x, x.shape[-1:], weight, EPS)


def sum_and_rms_norm(x, residual, weight):
    """The sum goes on as the next residual."""
    total = x + residual
    return total, rms_norm(total, weight)


def fused_sum_and_rms_norm(x, residual, weight):
    norm, total = torch.ops.gems.skip_rms_norm(x, residual, weight, EPS)
    return total, norm


def group_norm(x, weight, bias):
    return F.group_norm(x, min(GROUPS, x.shape[1]), weight, bias, EPS)


def layer_norm_backward(grad, x, mean, rstd, weight):
    return ATEN.native_layer_norm_backward(grad, x, list(x.shape[-1:]), mean, rstd, weight, weight, [True, True, True])


def rms_norm_backward(grad, x, rstd, weight):
    return ATEN._fused_rms_norm_backward(grad, x, list(x.shape[-1:]), rstd, weight, [True, True])


def _no_gradient(statistic):
    """Of the mean and rstd that a norm returns beside its result."""
    return torch.zeros_like(statistic)


def fused_layer_norm_backward(grad, x, mean, rstd, weight):
    return torch.ops.gems._layer_norm_vjp_x_weight_bias(
        grad, _no_gradient(mean), _no_gradient(rstd), mean, rstd, x, weight)  # fmt: skip


def fused_rms_norm_backward(grad, x, rstd, weight):
    return torch.ops.gems._rms_norm_vjp_x_weight(grad, _no_gradient(rstd), rstd, x, weight)


def softmax_backward(grad, output):
    return ATEN._softmax_backward_data(grad, output, -1, output.dtype)


def log_softmax_backward(grad, output):
    return ATEN._log_softmax_backward_data(grad, output, -1, output.dtype)


def cross_entropy_and_gradient(x, target):
    logits = x.detach().requires_grad_()
    loss = F.cross_entropy(logits, target)
    return loss.detach(), torch.autograd.grad(loss, logits)[0]


def fused_cross_entropy(x, target):
    return torch.ops.gems.cross_entropy(x, target)


def fused_cross_entropy_and_gradient(x, target):
    logits = x.detach().requires_grad_()
    loss = torch.ops.gems.cross_entropy(logits, target)
    return loss.detach(), torch.autograd.grad(loss, logits)[0]


def cross_entropy_and_gradient_formula(x, target):
    """The same for torch.compile."""
    logarithms = torch.log_softmax(x, -1)
    picked = F.one_hot(target, x.shape[-1]).bool()
    loss = F.nll_loss(logarithms, target)
    return loss, (logarithms.float().exp() - picked.to(F32)).div(target.shape[0]).to(x.dtype)


def normalized(make, dtype, rows, columns):
    """(grad, x, mean, rstd, weight) of a norm's gradient."""
    grad, x = (make(*make.fitted(rows, columns), dtype=dtype) for _ in range(2))
    kept = statistics_dtype(make, dtype)
    mean, rstd = x.float().mean(-1, keepdim=True).to(kept), x.float().var(-1, keepdim=True).add(EPS).rsqrt().to(kept)
    return [grad, x, mean, rstd, make(x.shape[-1], dtype=dtype)]


def logits(make, dtype, rows, classes):
    x = make(*make.fitted(rows, classes), dtype=dtype)
    return [x, torch.randint(0, x.shape[1], x.shape[:1], device=make.device)]


def _functional(liger_kernel):
    import liger_kernel.transformers.functional as functional

    return functional


def liger(name, *numbers):
    """A call of Liger's functional face, with the numbers that follow the operands."""
    return lambda liger_kernel, *operands: getattr(_functional(liger_kernel), name)(*operands, *numbers)


def liger_cross_entropy(liger_kernel, x, target):
    """Overwrites its operand with the gradient."""
    return _functional(liger_kernel).liger_cross_entropy(x, target)


@functools.cache
def _ops(name):
    import importlib

    return importlib.import_module(f"liger_kernel.ops.{name}")


def liger_layer_norm_backward(liger_kernel, grad, x, mean, rstd, weight):
    return _ops("layer_norm").layer_norm_backward(grad, x, weight, weight, mean.view(-1), rstd.view(-1))


def liger_rms_norm_backward(liger_kernel, grad, x, rstd, weight):
    block, warps = _ops("utils").calculate_settings(x.shape[-1])
    llama = 0  # the way that it casts: f32 inside
    return _ops("rms_norm").rms_norm_backward(grad, x, weight, rstd.view(-1), 0.0, llama, block, warps, False, None)
