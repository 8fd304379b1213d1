"""Layers for the library kernels: they keep its rules, and compute in transformers' modules what these compute."""

import inspect
import types

import pytest
import torch
from transformers import activations
from transformers.models.llama.modeling_llama import LlamaRMSNorm

import gems
from gems import _kernel_mapping
from row_check import same_bits

OWN = {
    "RMSNorm": lambda: LlamaRMSNorm(24, eps=1e-5),
    "SiLU": activations.SiLUActivation,
    "GeLU": activations.GELUActivation,
    "GeluTanh": activations.GELUTanh,
    "NewGELU": activations.NewGELUActivation,
    "FastGELU": activations.FastGELUActivation,
    "QuickGELU": activations.QuickGELUActivation,
}
by_name = pytest.mark.parametrize("name", OWN)


def test_the_mapping_names_the_layers():
    mapping = gems.kernel_mapping()
    assert set(mapping) == set(OWN)
    for name, repositories in mapping.items():
        assert list(repositories) == ["cpu", "cuda"]
        for repository in repositories.values():
            assert repository.load() is _kernel_mapping.LAYERS[name] and repository.load().__name__ == repository.layer_name
            assert repository == gems.kernel_mapping()[name]["cpu"] and hash(repository) == hash(gems.kernel_mapping()[name]["cpu"])
            assert repository.layer_name in str(repository)
    assert mapping["RMSNorm"]["cpu"] != mapping["SiLU"]["cpu"]


@by_name
def test_a_layer_keeps_the_rules(name):
    """No state, no member but forward, and the signature of the module whose forward it takes."""
    layer = _kernel_mapping.LAYERS[name]
    assert issubclass(layer, torch.nn.Module) and layer.__init__ is torch.nn.Module.__init__
    known = {each for each, _ in inspect.getmembers(torch.nn.Module)}
    assert {each for each, _ in inspect.getmembers(layer)} - known == {"has_backward", "can_torch_compile"}
    given, expected = (inspect.signature(each.forward).parameters.values() for each in (layer, type(OWN[name]())))
    assert [(each.name, each.kind) for each in given] == [(each.name, each.kind) for each in expected]


@by_name
@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16), ids=str)
def test_a_layer_computes_what_the_module_does(name, dtype, device):
    module = OWN[name]().to(device, dtype)
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, 0.5, 1.5)
    x = torch.randn(3, 5, 24, device=device, dtype=dtype, requires_grad=True)
    results = []
    for forward in (module.forward, types.MethodType(_kernel_mapping.LAYERS[name].forward, module)):
        result = forward(x)
        results.append((result, *torch.autograd.grad(result.float().square().sum(), [x, *module.parameters()])))
    tolerance = {torch.float32: 1e-5, torch.bfloat16: 4e-2}[dtype]
    for given, expected in zip(*results, strict=True):
        assert given.dtype == expected.dtype
        torch.testing.assert_close(given, expected, rtol=tolerance, atol=tolerance)


def test_a_norm_whose_weight_is_wider_gives_what_the_module_gives(device):
    module = LlamaRMSNorm(24).to(device)
    x = torch.randn(3, 24, device=device, dtype=torch.bfloat16)
    given = types.MethodType(_kernel_mapping.LAYERS["RMSNorm"].forward, module)(x)
    assert given.dtype == torch.float32 and same_bits(given, module(x))
