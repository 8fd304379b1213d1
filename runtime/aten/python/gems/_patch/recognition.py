"""Which norm, activation or rotary embedding a module or function is, found by what it computes on small inputs."""

import copy
import dataclasses
import functools
import inspect

import torch
from torch.utils._python_dispatch import TorchDispatchMode

EPS_NAMES = ("variance_epsilon", "eps", "epsilon", "norm_eps")
WIDTH = 8  # of the inputs


@dataclasses.dataclass(frozen=True)
class Norm:
    """How a module normalizes its last dimension: eps_name is the attribute that holds eps."""

    operator: str  # "rms_norm", "layer_norm" or "gemma_rms_norm"
    eps_name: str
    is_cast: bool = False  # under autocast PyTorch computes it in f32


def _close(found, expected, tolerance=2e-5):
    return (
        isinstance(found, torch.Tensor)
        and found.shape == expected.shape
        and bool((found.double() - expected.double()).abs().max() <= tolerance * expected.double().abs().max())
    )


def _sample(*shape):
    """Normal numbers, the same at each call; PyTorch's own generators stay as they are."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape)))


def _small_copy(module):
    """The module with WIDTH random elements in each parameter; None of a module that is more than weight and bias."""
    parameters = module._parameters
    if module._modules or module._buffers or not set(parameters) <= {"weight", "bias"}:
        return None
    if any(each is not None and each.dim() != 1 for each in parameters.values()):
        return None
    small = copy.copy(module)
    small.__dict__ = dict(module.__dict__)
    small._parameters = {
        name: None if value is None else torch.nn.Parameter(_sample(WIDTH) if name == "weight" else _sample(1, WIDTH)[0])
        for name, value in parameters.items()
    }
    if "normalized_shape" in small.__dict__:
        small.normalized_shape = (WIDTH,)
    return small


def norm(module) -> Norm | None:
    """None of what is no norm of the last dimension, or none that is known."""
    if operator := {torch.nn.LayerNorm: "layer_norm", torch.nn.RMSNorm: "rms_norm"}.get(type(module)):
        return Norm(operator, "eps", is_cast=True) if len(module.normalized_shape) == 1 else None
    small = _small_copy(module)
    eps_name = next((name for name in EPS_NAMES if isinstance(module.__dict__.get(name), float)), None)
    if small is None or eps_name is None:
        return None
    eps = getattr(module, eps_name)
    weight, bias = small._parameters.get("weight"), small._parameters.get("bias")
    x = 2 * eps**0.5 * _sample(4, WIDTH) + eps**0.5  # so that eps counts
    with torch.no_grad():
        try:
            found = small(x)
        except Exception:
            return None
        wide = x.double()
        for operator, offset in (("rms_norm", 0), ("gemma_rms_norm", 1), ("layer_norm", 0)):
            if (operator != "layer_norm" and bias is not None) or (offset and weight is None):
                continue
            centered = wide - wide.mean(-1, keepdim=True) if operator == "layer_norm" else wide
            expected = centered * torch.rsqrt(centered.pow(2).mean(-1, keepdim=True) + eps)
            expected = expected if weight is None else expected * (weight + offset)
            if _close(found, expected if bias is None else expected + bias):
                return Norm(operator, eps_name, isinstance(module, torch.nn.LayerNorm | torch.nn.RMSNorm))
    return None


ACTIVATIONS = {
    ("silu",): lambda x: x * torch.sigmoid(x),
    ("gelu", "none"): lambda x: torch.nn.functional.gelu(x),
    ("gelu", "tanh"): lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    ("quick_gelu",): lambda x: x * torch.sigmoid(1.702 * x),
    ("relu_squared",): lambda x: torch.relu(x).square(),
}


class _Counter(TorchDispatchMode):
    calls = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.calls += 1
        return function(*args, **(kwargs or {}))


def activation(module) -> tuple[tuple[str, ...], int] | None:
    """((operator, flag...), ATen calls that it takes) of a module without parameters; None of what is not in ACTIVATIONS."""
    if not isinstance(module, torch.nn.Module) or module._parameters or module._modules or module._buffers:
        return None
    x = torch.cat([torch.linspace(-6, 6, 97), torch.linspace(-0.1, 0.1, 11)])
    with torch.no_grad(), _Counter() as counter:
        try:
            found = module(x)
        except Exception:
            return None
        calls = counter.calls
    for name, function in ACTIVATIONS.items():
        if _close(found, function(x.double()), 1e-6):
            return name, calls
    return None


@functools.lru_cache(maxsize=256)
def rotary(function) -> tuple[int, ...]:
    """The numbers of elements among WIDTH that function(q, k, cos, sin) may turn: pairs (element i, element i + half) of q
    and k, [batch, heads, sequence, WIDTH], where cos and sin, [batch, sequence, elements], have equal halves."""
    return tuple(each for each in (WIDTH, WIDTH // 2) if _turns(function, each))


def _turns(function, elements):
    q, k = _sample(1, 2, 3, WIDTH), _sample(2, 1, 3, WIDTH)[1:]
    angles = _sample(1, 3, elements // 2)
    cos, sin = (torch.cat([each, each], -1) for each in (angles.cos(), angles.sin()))

    def turned(x):
        left, right = x[..., :elements].chunk(2, -1)
        front = x[..., :elements] * cos[:, None] + torch.cat([-right, left], -1) * sin[:, None]
        return torch.cat([front, x[..., elements:]], -1)

    with torch.no_grad():
        try:
            found = function(q, k, cos, sin)
        except Exception:
            return False
    return isinstance(found, tuple) and len(found) == 2 and _close(found[0], turned(q)) and _close(found[1], turned(k))


def has_equal_halves(embedding) -> bool:
    """Whether the angles that a module of a model computes, embedding(x, positions) -> (cos, sin), repeat in the second half."""
    frequencies = next(value for name, value in embedding.named_buffers() if name.endswith("inv_freq"))
    names = list(inspect.signature(embedding.forward).parameters)
    kinds = {name.removesuffix("_inv_freq") for name, _ in embedding.named_buffers() if name.endswith("_inv_freq")}
    kinds = [each for each in kinds if not each.endswith("original")]  # layers of several types have angles of their own
    positions = torch.arange(3, device=frequencies.device)[None]
    x = torch.zeros(1, 3, 1, device=frequencies.device)
    with torch.no_grad():
        try:
            found = [embedding(x, positions, each) for each in kinds] if "layer_type" in names else [embedding(x, positions)]
            return bool(found) and all(torch.equal(*each.chunk(2, -1)) for pair in found for each in pair)
        except Exception:
            return False
