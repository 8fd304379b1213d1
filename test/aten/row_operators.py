"""The rowwise operators of torch.ops.gems as tests call them: arguments for each, and compositions of ATen's."""

import torch
import torch.nn.functional as F

import gems  # noqa: F401  (defines torch.ops.gems)
from gems_operators import ROWWISE as ALL
from gems_operators import overload

# Compositions, or reductions of the operators below.
COMPOSED = ("cross_entropy", "linear_act", "linear_cross_entropy", "linear_gate")
NAMES = [name for name in ALL if name not in COMPOSED]
# Nothing moves, or only where rows tie.
WITHOUT_GRADIENT = {"all", "any", "argmax", "argmin", "count_nonzero"} | {name for name in NAMES if name.startswith("vector_norm")}

# Which of the elements it is does not move; or a call would read and write more tensors than it can have.
WITHOUT_SECOND_GRADIENT = {"amax", "amin", "max_dim", "min_dim", "group_norm_gradient_elements"}

# Whose result has the dtype of an operand without a gradient: derived when they are asked for.
DERIVED_LATER = {"nll_loss_gradient"}

# Operands of row extent by names that are not of rows in other operators.
MORE_OF_ROWS = {
    "cross_entropy_gradient": {"scale"},
    "dot_rows_act": {"residual"},
    "group_norm_elements": {"weight", "bias"},
    "group_norm_gradient_elements": {"weight", "normal_mean", "grad_mean"},
    "nll_loss_gradient": {"grad"},
}


def size_of(shape, dims, is_kept):
    """Of a tensor of the kept dimensions, or of the reduced ones."""
    reduced = {dim % len(shape) for dim in dims}
    return [size for dim, size in enumerate(shape) if (dim not in reduced) == is_kept]


def arguments_of(name, shape, dims, dtype, device, seed=0):
    """The operands of a call whose rows lie along `dims`: numbers apart from one another, weights, targets, statistics."""
    generator = torch.Generator().manual_seed(seed)

    def draw(size):
        return torch.randn(size, generator=generator, dtype=torch.float64).to(device, dtype)

    kept, reduced = size_of(shape, dims, True), size_of(shape, dims, False)
    of_rows = {"mean", "rstd", "log_sum", "addend", "gate_addend", "value_addend", "total_weight"}
    of_rows |= MORE_OF_ROWS.get(name, set())
    length = int(torch.tensor(reduced).prod()) if reduced else 1
    arguments = []
    for argument in overload(name)._schema.arguments[:-2]:
        if argument.name == "target":
            arguments.append(torch.randint(0, length, kept, generator=generator).to(device))
        elif argument.name == "ignore_index":
            arguments.append(1 % length)
        elif argument.name in of_rows:
            arguments.append(draw(kept))
        elif argument.name in ("weight", "bias") and name != "group_norm_means":
            arguments.append(draw(reduced).abs() if name.startswith("cross_entropy") else draw(reduced))
        elif argument.name == "weights":
            arguments.append(draw(shape).abs())
        elif argument.name == "reduction":
            arguments.append("mean")
        elif argument.name == "output":  # of softmax_backward, log_softmax_backward
            arguments.append((torch.softmax if name == "softmax_backward" else torch.log_softmax)(draw(shape), dims[0]))
        elif argument.name == "act":
            arguments.append("silu")
        elif argument.name == "correction":
            arguments.append(1)
        elif "Tensor" in str(argument.type):
            arguments.append(draw(shape))
        else:
            arguments.append(0.5)
    return arguments


def results_of(value):
    return list(value) if isinstance(value, (tuple, list)) else [value]


def _norm(normalize):
    def call(x, *rest, dims):
        *weights, eps = rest
        assert sorted(dim % x.dim() for dim in dims) == list(range(x.dim() - len(dims), x.dim()))
        return normalize(x, x.shape[x.dim() - len(dims) :], *weights, eps)

    return call


def _gemma(x, shape, weight, eps):
    return F.rms_norm(x, shape, 1 + weight, eps)


def _skip(normalize):
    def call(x, residual, *rest, dims):
        total = x + residual
        return normalize(total, *rest, dims=dims), total

    return call


def _bias_act(x, bias, residual, act, dims):
    of_columns = bias.reshape([size if dim - x.dim() in dims or dim in dims else 1 for dim, size in enumerate(x.shape)])
    return getattr(F, act)(x + of_columns) + residual


def _cross_entropy_gradient(x, target, log_sum, scale, label_smoothing, ignore_index, dims):
    last = range(-len(dims), 0)
    rows = x.movedim(dims, tuple(last))
    flat = rows.flatten(-len(dims))
    classes = flat.shape[-1]
    wanted = F.one_hot(target, classes).to(x.dtype) * (1 - label_smoothing) + label_smoothing / classes
    gradient = scale[..., None] * (torch.exp(flat - log_sum[..., None]) - wanted)
    gradient = gradient.masked_fill((target == ignore_index)[..., None], 0)
    return gradient.reshape(rows.shape).movedim(tuple(last), dims)


def _nll_loss_and_weight(x, target, weight, ignore_index, dims):
    rows = x.movedim(dims, tuple(range(-len(dims), 0))).flatten(-len(dims))
    weights = weight.flatten()[target].masked_fill(target == ignore_index, 0)
    return -rows.gather(-1, target[..., None]).squeeze(-1) * weights, weights


def _nll_loss_total(losses, weights, reduction, dims):
    return losses.sum(dims) / weights.sum(dims), weights.sum(dims)


def _along_rows(x, value, dims):
    """A value for each row beside the elements."""
    return value.reshape([1 if dim in {each % x.dim() for each in dims} else size for dim, size in enumerate(x.shape)])


def _group_norm_elements(x, mean, rstd, weight, bias, dims):
    mean, rstd, weight, bias = (_along_rows(x, each, dims) for each in (mean, rstd, weight, bias))
    return (x - mean) * rstd * weight + bias


def _group_norm_sums(grad, x, mean, rstd, dims):
    normal = (x - _along_rows(x, mean, dims)) * _along_rows(x, rstd, dims)
    return (grad * normal).sum(dims), grad.sum(dims)


def _group_norm_means(normal_sums, grad_sums, weight, count, dims):
    return (normal_sums * weight).sum(dims) / count, (grad_sums * weight).sum(dims) / count


# name: the composition, called with the operator's operands and dims=; only results that it gives are compared.
COMPOSITIONS = {
    "bias_act": _bias_act,
    "cross_entropy_gradient": _cross_entropy_gradient,
    "group_norm_elements": _group_norm_elements,
    "group_norm_sums": _group_norm_sums,
    "group_norm_means": _group_norm_means,
    "nll_loss": lambda *operands, dims: _nll_loss_and_weight(*operands, dims)[0],
    "nll_loss_and_weight": _nll_loss_and_weight,
    "nll_loss_total": _nll_loss_total,
    "dot_rows": lambda x, y, addend, beta, alpha, dims: alpha * (x * y).sum(dims) + beta * addend,
    "dot_rows_act": lambda x, y, addend, residual, act, dims: getattr(F, act)((x * y).sum(dims) + addend) + residual,
    "dot_rows_gate": lambda x, gates, values, gate_addend, value_addend, act, dims: (
        getattr(F, act)((x * gates).sum(dims) + gate_addend) * ((x * values).sum(dims) + value_addend)
    ),
    "softmax": lambda x, dims: F.softmax(x, dims[0]),
    "log_softmax": lambda x, dims: F.log_softmax(x, dims[0]),
    "masked_softmax": lambda x, mask, scale, dims: F.softmax(x * scale + mask, dims[0]),
    "layer_norm": _norm(F.layer_norm),
    "rms_norm": _norm(F.rms_norm),
    "skip_layer_norm": _skip(_norm(F.layer_norm)),
    "skip_rms_norm": _skip(_norm(F.rms_norm)),
    "gemma_rms_norm": _norm(_gemma),
    "skip_gemma_rms_norm": _skip(_norm(_gemma)),
    "sum": lambda x, dims: x.sum(dims),
    "mean": lambda x, dims: x.mean(dims),
    "amax": lambda x, dims: x.amax(dims),
    "amin": lambda x, dims: x.amin(dims),
    "prod": lambda x, dims: x.prod(dims[0]),
    "var": lambda x, correction, dims: x.var(dims, correction=correction),
    "std": lambda x, correction, dims: x.std(dims, correction=correction),
    "logsumexp": lambda x, dims: x.logsumexp(dims),
    "argmax": lambda x, dims: x.argmax(dims[0]),
    "max_dim": lambda x, dims: tuple(x.max(dims[0])),
}
