"""Layers for the library `kernels`, by which transformers replaces those of its models.

A layer has no state and one method, forward, which takes the place of a module's own and finds its parameters there: that is
what `kernels` asks of it (https://huggingface.co/docs/kernels/kernel-requirements). It calls operators of torch.ops.gems.
"""

import torch


class RMSNorm(torch.nn.Module):
    has_backward = True
    can_torch_compile = True

    def forward(self, hidden_states):
        weight = self.weight
        if weight.dtype == hidden_states.dtype:
            return torch.ops.gems.rms_norm(hidden_states, weight, self.variance_epsilon)[0]
        wide = hidden_states.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)
        return weight * wide.to(hidden_states.dtype)


class SiLU(torch.nn.Module):
    has_backward = True
    can_torch_compile = True

    def forward(self, input):
        return torch.ops.gems.silu(input)


class GELU(torch.nn.Module):
    has_backward = True
    can_torch_compile = True

    def forward(self, input):
        return torch.ops.gems.gelu(input)


class GELUTanh(torch.nn.Module):
    has_backward = True
    can_torch_compile = True

    def forward(self, input):
        return torch.ops.gems.gelu(input, "tanh")


class QuickGELU(torch.nn.Module):
    has_backward = True
    can_torch_compile = True

    def forward(self, input):
        return torch.ops.gems.quick_gelu(input)


LAYERS = {
    "RMSNorm": RMSNorm,
    "SiLU": SiLU,
    "GeLU": GELU,
    "GeluTanh": GELUTanh,
    "NewGELU": GELUTanh,
    "FastGELU": GELUTanh,
    "QuickGELU": QuickGELU,
}
DEVICES = ("cpu", "cuda")


class Repository:
    """What `kernels` asks for a layer: here, without a download. Repositories of one layer are equal."""

    def __init__(self, layer):
        self.layer_name = layer.__name__
        self._layer = layer

    def load(self):
        return self._layer

    def __eq__(self, other):
        return isinstance(other, Repository) and self._layer is other._layer

    def __hash__(self):
        return hash(self._layer)

    def __str__(self):
        return f"gems' layer `{self.layer_name}`"


def kernel_mapping():
    """{layer name: {device type: repository}} of the layers that gems has for transformers' models, for
    `kernels.use_kernel_mapping` and `kernels.register_kernel_mapping`, under the names that transformers gives its layers.
    Needs neither of the two libraries."""
    return {name: dict.fromkeys(DEVICES, Repository(layer)) for name, layer in LAYERS.items()}
