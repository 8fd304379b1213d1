"""Bounds on the rounding of norms and of their gradients, from operands in double: what their sums lose when they cancel."""

import torch


def _inner(x, shape):
    return tuple(range(x.dim() - len(shape), x.dim()))


def _outer(x, shape):
    return tuple(range(x.dim() - len(shape)))


def _mean(values, dims):
    return values.mean(dims, keepdim=True) if dims else values


def statistics(x, dims, eps):
    """(mean, rstd, mean of the absolute values) of rows along these dims."""
    variance, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return mean, torch.rsqrt(variance + eps), _mean(x.abs(), dims)


def layer_norm(x, shape, weight, bias, eps):
    """For result, mean and rstd."""
    dims = _inner(x, shape)
    if x.numel() == 0:
        return 0.0 * x.sum(), 0.0 * x.sum(), 0.0 * x.sum()
    mean, rstd, size = statistics(x, dims, eps)
    bound = (x.abs() + size) * rstd * (1 if weight is None else weight.abs()) + (0 if bias is None else bias.abs())
    # A mean's rounding reaches the variance by its square, and by how far the deviations do not add up to zero.
    return bound * (1 + 1e-3 * size * rstd), size, rstd * (1 + 1e-3 * size * rstd)


def rms_norm(x, shape, weight, eps):
    """For result and rstd."""
    if x.numel() == 0:
        return 0.0 * x.sum(), 0.0 * x.sum()
    rstd = torch.rsqrt(_mean(x * x, _inner(x, shape)) + eps)
    return x.abs() * rstd * (1 if weight is None else weight.abs()) * 2, 2 * rstd


def backward(grad, h, rstd, weight, dims, outer):
    """For the gradients of x, weight and bias, given h = (x - mean) * rstd and how large its terms are."""
    g = grad.abs() * (1 if weight is None else weight.abs())
    dx = rstd.abs() * (g + _mean(g, dims) + h * _mean(g * h, dims))
    dw, db = 2 * grad.abs() * h, grad.abs()
    return (2 * dx, dw.sum(outer), db.sum(outer)) if outer else (2 * dx, dw, db)


def layer_norm_backward(grad, x, shape, mean, rstd, weight):
    if x.numel() == 0:
        return 0.0 * x.sum(), 0.0 * x.sum(), 0.0 * x.sum()
    kept = (*x.shape[: x.dim() - len(shape)], *(1 for _ in shape))
    mean, rstd = mean.reshape(kept), rstd.reshape(kept)
    h = (x.abs() + mean.abs()) * rstd.abs()
    return backward(grad, h, rstd, weight, _inner(x, shape), _outer(x, shape))


def group_norm(x, weight, bias, groups, eps):
    """For result, mean and rstd."""
    if x.numel() == 0:
        return 0.0 * x.sum(), 0.0 * x.sum(), 0.0 * x.sum()
    rows = x.reshape(x.shape[0], groups, -1)
    mean, rstd, size = statistics(rows, (2,), eps)
    channels = (1, x.shape[1], *(1 for _ in x.shape[2:]))
    bound = ((rows.abs() + size) * rstd * (1 + 1e-3 * size * rstd)).reshape(x.shape)
    bound = bound * (1 if weight is None else weight.abs().view(channels))
    bound = bound + (0 if bias is None else bias.abs().view(channels))
    return bound, size.squeeze(2), (rstd * (1 + 1e-3 * size * rstd)).squeeze(2)


def group_norm_backward(grad, x, mean, rstd, weight, groups):
    if x.numel() == 0:
        return 0.0 * x.sum(), 0.0 * x.sum(), 0.0 * x.sum()
    channels = (1, x.shape[1], *(1 for _ in x.shape[2:]))
    rows = (x.shape[0], groups, -1)
    scaled = grad.abs() * (1 if weight is None else weight.abs().view(channels))
    h = ((x.reshape(rows).abs() + mean.abs()[..., None]) * rstd.abs()[..., None]).reshape(x.shape)
    dx = backward(scaled.reshape(rows), h.reshape(rows), rstd.abs()[..., None], None, (2,), ())[0].reshape(x.shape)
    others = tuple(each for each in range(x.dim()) if each != 1)
    return dx, 2 * (grad.abs() * h).sum(others), grad.abs().sum(others)
