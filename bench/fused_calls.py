"""The longer fused calls: rotary embedding in both layouts, a step of Adam. As PyTorch's models write them."""

import functools

import torch

from case import Case, heads

F32, BF16 = torch.float32, torch.bfloat16
ADAM = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}
STEP = 10


def rotary_halves(x, cos, sin):
    """As Llama and GPT-NeoX: the first half of a head with the second."""
    left, right = x.chunk(2, dim=-1)
    cos, sin = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return torch.cat((left * cos - right * sin, right * cos + left * sin), dim=-1)


def rotary_interleaved(x, cos, sin):
    """As GPT-J: each element with its neighbour."""
    even, odd = x[..., ::2], x[..., 1::2]
    cos, sin = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1).flatten(-2)


def of_both(rotary):
    """Queries and keys, as an attention layer rotates them."""
    return lambda queries, keys, *angles: (rotary(queries, *angles), rotary(keys, *angles))


def rotary_gems(interleaved):
    return lambda x, cos, sin: torch.ops.gems.rotary_embedding(x, cos, sin, interleaved)


def rotary_flaggems(interleaved):
    return lambda flag_gems, *operands: flag_gems.apply_rotary_pos_emb(*operands, rotary_interleaved=interleaved)


def rotary_operands(make, dtype):
    queries, keys = heads(make, dtype).chunk(2, dim=0)
    angles = make(queries.shape[1], queries.shape[3] // 2, dtype=F32)
    return [queries, keys, angles.cos().to(dtype), angles.sin().to(dtype)]


def adam_operands(make, dtype):
    """A parameter, its gradient, and both averages."""
    count = make.count // 2
    return [make(count, dtype=dtype), make(count, dtype=dtype), make(count, dtype=dtype), make(count, dtype=dtype).abs()]


@functools.cache
def step_on(device):
    return torch.full((), float(STEP), device=device)


def adam_eager(param, grad, exp_avg, exp_avg_sq):
    """PyTorch's own fused kernel, as torch.optim.AdamW(fused=True) calls it."""
    torch._fused_adamw_(
        [param], [grad], [exp_avg], [exp_avg_sq], [], [step_on(param.device)], lr=ADAM["lr"], beta1=ADAM["beta1"], beta2=ADAM["beta2"],
        weight_decay=ADAM["weight_decay"], eps=ADAM["eps"], amsgrad=False, maximize=False,
    )  # fmt: skip
    return param, exp_avg, exp_avg_sq


def bias_corrections():
    return 1 - ADAM["beta1"] ** STEP, 1 - ADAM["beta2"] ** STEP


def adam_formula(param, grad, exp_avg, exp_avg_sq):
    """The same by torch.optim.AdamW's formula, for torch.compile."""
    first, second = bias_corrections()
    param.mul_(1 - ADAM["lr"] * ADAM["weight_decay"])
    exp_avg.lerp_(grad, 1 - ADAM["beta1"])
    exp_avg_sq.mul_(ADAM["beta2"]).addcmul_(grad, grad, value=1 - ADAM["beta2"])
    denominator = (exp_avg_sq.sqrt() / second**0.5).add_(ADAM["eps"])
    param.addcdiv_(exp_avg, denominator, value=-ADAM["lr"] / first)
    return param, exp_avg, exp_avg_sq


def adam_gems(param, grad, exp_avg, exp_avg_sq):
    torch.ops.gems.adam_step.out(
        param, grad, exp_avg, exp_avg_sq, *ADAM.values(), *bias_corrections(), True,
        out0=param, out1=exp_avg, out2=exp_avg_sq,
    )  # fmt: skip
    return param, exp_avg, exp_avg_sq


FUSED_CALLS = (
    Case("rotary, halves", "fused", (BF16,), rotary_operands, of_both(rotary_halves), of_both(rotary_gems(False)),
         flaggems=rotary_flaggems(False)),
    Case("rotary, interleaved", "fused", (BF16,), rotary_operands, of_both(rotary_interleaved),
         of_both(rotary_gems(True)), flaggems=rotary_flaggems(True)),
    Case("adam step", "fused", (F32,), adam_operands, adam_eager, adam_gems, compile=adam_formula, in_place=True),
)  # fmt: skip
