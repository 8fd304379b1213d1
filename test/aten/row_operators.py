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
    length = int(torch.tensor(reduced).prod()) if reduced else 1
    arguments = []
    for argument in overload(name)._schema.arguments[:-2]:
        if argument.name == "target":
            arguments.append(torch.randint(0, length, kept, generator=generator).to(device))
        elif argument.name == "ignore_index":
            arguments.append(1 % length)
        elif argument.name in ("weight", "bias"):
            arguments.append(draw(reduced).abs() if name.startswith("cross_entropy") else draw(reduced))
        elif argument.name in ("mean", "rstd", "log_sum", "addend", "gate_addend", "value_addend") or (name, argument.name) == ("cross_entropy_gradient", "scale"):
            arguments.append(draw(kept))
        elif (name, argument.name) == ("dot_rows_act", "residual"):
            arguments.append(draw(kept))
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


# name: the composition, called with the operator's operands and dims=; only results that it gives are compared.
COMPOSITIONS = {
    "bias_act": _bias_act,
    "cross_entropy_gradient": _cross_entropy_gradient,
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
