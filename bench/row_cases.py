"""The cases of reductions, softmax, norms and losses, as data: large ones by group, few rows, tiny ones for the host."""

import torch

import row_calls
from case import Case

F32, BF16, BOOL = torch.float32, torch.bfloat16, torch.bool
TWO = (F32, BF16)
KB = 1024


def of(*shape, count=1):
    """Operands of this shape, as far as the scale allows it."""
    return lambda make, dtype: [make(*make.fitted(*shape), dtype=dtype) for _ in range(count)]


def with_parameters(*shape, parameters, operands=1, channel=-1):
    """Operands, then weights and biases as long as their last dimension, or that of the channels."""

    def made(make, dtype):
        x = of(*shape, count=operands)(make, dtype)
        return x + [make(x[0].shape[channel], dtype=dtype) for _ in range(parameters)]

    return made


def size_of(*shape):
    return "x".join(map(str, shape))


def softmax(x):
    return torch.softmax(x, -1)


def log_softmax(x):
    return torch.log_softmax(x, -1)


def _softmax(group, *shape, dtypes=TWO, name="softmax", call=softmax):
    return Case(f"{name} {size_of(*shape)}", group, dtypes, of(*shape), call)


def _layer_norm(group, *shape, dtypes=TWO):
    return Case(f"layer_norm {size_of(*shape)}", group, dtypes, with_parameters(*shape, parameters=2), row_calls.layer_norm,
                liger=row_calls.liger("liger_layer_norm", row_calls.EPS), terms=8)  # fmt: skip


def _rms_norm(group, *shape, dtypes=TWO):
    return Case(f"rms_norm {size_of(*shape)}", group, dtypes, with_parameters(*shape, parameters=1), row_calls.rms_norm,
                liger=row_calls.liger("liger_rms_norm", row_calls.EPS, 0.0, "llama", False), terms=8)  # fmt: skip


def unaligned(rows, columns):
    """Rows that begin at no multiple of a vector: one element after another's end."""
    return lambda make, dtype: [make(*make.fitted(rows, columns + 1), dtype=dtype)[:, 1:]]


FORWARD = (
    _softmax("rows", 8192, 8192),
    _softmax("rows", 65536, 1024),
    _softmax("rows", 8192, 8192, name="log_softmax", call=log_softmax),
    _softmax("short rows", 262144, 128),
    _softmax("long rows", 512, 262144),
    _softmax("other lengths", 4096, 32000),
    _layer_norm("rows", 16384, 4096),
    _layer_norm("rows", 65536, 1024),
    _layer_norm("rows", 8192, 16384),
    _layer_norm("short rows", 262144, 128),
    _layer_norm("long rows", 1024, 131072),
    _rms_norm("rows", 16384, 4096),
    _rms_norm("rows", 8192, 16384),
    _rms_norm("short rows", 262144, 128),
    _rms_norm("long rows", 1024, 131072),
    Case("x + y, then rms_norm, 16384x4096", "rows", TWO, with_parameters(16384, 4096, parameters=1, operands=2),
         row_calls.sum_and_rms_norm, row_calls.fused_sum_and_rms_norm, terms=8),
    _softmax("other lengths", 16384, 5000),
    _softmax("other lengths", 8192, 12289),
    _softmax("other lengths", 2048, 50257),
    _softmax("other lengths", 1024, 151936),
    _layer_norm("other lengths", 16384, 5000),
    _rms_norm("other lengths", 16384, 5000),
    _rms_norm("other lengths", 8192, 12289),
    Case("softmax of unaligned rows, 16384x4096", "other lengths", TWO, unaligned(16384, 4096), softmax),
)  # fmt: skip

COLUMNS = (
    Case("softmax along dim 0, 8192x8192", "columns", TWO, of(8192, 8192), lambda x: torch.softmax(x, 0)),
    Case("softmax along the middle of 64x512x4096", "columns", TWO, of(64, 512, 4096), lambda x: torch.softmax(x, 1)),
)

BACKWARD = (
    Case("softmax backward 8192x8192", "softmax backward", TWO, lambda make, d: _softmax_pair(make, d, torch.softmax),
         row_calls.softmax_backward),
    Case("log_softmax backward 8192x8192", "softmax backward", TWO, lambda make, d: _softmax_pair(make, d, torch.log_softmax),
         row_calls.log_softmax_backward, terms=64),
    Case("layer_norm backward 16384x4096", "norm backward", TWO, lambda make, d: row_calls.normalized(make, d, 16384, 4096),
         row_calls.layer_norm_backward, row_calls.fused_layer_norm_backward, liger=row_calls.liger_layer_norm_backward, terms=512),
    Case("rms_norm backward 16384x4096", "norm backward", TWO,
         lambda make, d: [each for place, each in enumerate(row_calls.normalized(make, d, 16384, 4096)) if place != 2],
         row_calls.rms_norm_backward, row_calls.fused_rms_norm_backward, liger=row_calls.liger_rms_norm_backward, terms=512, devices=("cuda",)),
)  # fmt: skip


def _softmax_pair(make, dtype, call):
    grad, x = of(8192, 8192, count=2)(make, dtype)
    return [grad, call(x, -1)]


def _cross_entropy(*shape):
    def logits(make, dtype):
        return row_calls.logits(make, dtype, *shape)

    return (
        Case(f"cross_entropy {size_of(*shape)}", "losses", TWO, logits, torch.nn.functional.cross_entropy,
             row_calls.fused_cross_entropy, terms=8),
        Case(f"cross_entropy and its gradient {size_of(*shape)}", "losses and gradients", TWO, logits,
             row_calls.cross_entropy_and_gradient, row_calls.fused_cross_entropy_and_gradient,
             compile=row_calls.cross_entropy_and_gradient_formula, terms=8),
    )  # fmt: skip


GROUPS_AND_LOSSES = (
    Case("group_norm 32x256x96x96", "group norm", TWO,
         with_parameters(32, 256, 96, 96, parameters=2, channel=1), row_calls.group_norm,
         liger=lambda liger_kernel, x, weight, bias: row_calls.liger(
             "liger_group_norm", x.shape[1], row_calls.GROUPS, row_calls.EPS)(liger_kernel, x, weight, bias), terms=8),
    *(case for shape in ((8192, 32000), (8192, 50257), (4096, 128256)) for case in _cross_entropy(*shape)),
)  # fmt: skip


def reductions(name, call, places, dtypes=TWO, terms=1.0):
    """A reduction of 2^27 elements along the dimensions of these places."""
    shapes = {"last": ((16384, 8192), 1), "first": ((16384, 8192), 0), "middle": ((64, 512, 4096), 1), "all": ((2**27,), None)}
    return tuple(
        Case(f"{name} of {place}, {size_of(*shape)}", f"reductions, {place}", dtypes, of(*shape), _along(call, dim), terms=terms)
        for place in places
        for shape, dim in [shapes[place]]
    )


def _along(call, dim):
    return (lambda x: call(x)) if dim is None else (lambda x: call(x, dim))


def vector_norm(x, dim=None):
    return torch.linalg.vector_norm(x, dim=dim)


EVERYWHERE = ("last", "first", "middle", "all")
SUMS = 2000.0  # the sum of 2^27 random numbers passes through some thousands
REDUCTIONS = (
    *reductions("sum", torch.sum, EVERYWHERE, terms=SUMS),
    *reductions("mean", torch.mean, EVERYWHERE),
    *reductions("amax", torch.amax, EVERYWHERE),
    *reductions("argmax", torch.argmax, ("last", "first")),
    *reductions("var_mean", torch.var_mean, ("last", "first")),
    *reductions("vector_norm", vector_norm, EVERYWHERE, terms=64.0),
    *reductions("any", torch.any, ("last", "first", "all"), (BOOL,)),
    *reductions("all", torch.all, ("last",), (BOOL,)),
)

LARGE = FORWARD + COLUMNS + BACKWARD + GROUPS_AND_LOSSES + REDUCTIONS

WIDTH = 4096
FEW = tuple(
    case
    for rows in (1, 8, 64)
    for case in (
        _softmax("few rows", rows, WIDTH, dtypes=(BF16,)),
        _layer_norm("few rows", rows, WIDTH, dtypes=(BF16,)),
        _rms_norm("few rows", rows, WIDTH, dtypes=(BF16,)),
        Case(f"sum {size_of(rows, WIDTH)}", "few rows", (BF16,), of(rows, WIDTH), lambda x: torch.sum(x, 1), terms=SUMS),
    )
)

# Calls of tiny tensors, timed on the host.
HOST = (
    Case("softmax(x)", "host", (F32,), of(4, 64), softmax),
    Case("layer_norm(x)", "host", (F32,), with_parameters(4, 64, parameters=2), row_calls.layer_norm),
    Case("rms_norm(x)", "host", (F32,), with_parameters(4, 64, parameters=1), row_calls.rms_norm),
    Case("sum(x, 1)", "host", (F32,), of(4, 64), lambda x: torch.sum(x, 1), terms=16.0),
    Case("amax(x, 1)", "host", (F32,), of(4, 64), lambda x: torch.amax(x, 1)),
    Case("argmax(x, 1)", "host", (F32,), of(4, 64), lambda x: torch.argmax(x, 1)),
)
