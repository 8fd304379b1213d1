"""gems.patch: models compute what they computed, and stay what they were."""

import copy
import pickle

import pytest
import torch
import transformers
from models import MODELS

import gems

transformers.logging.set_verbosity_error()


def build(name, dtype=torch.float32, device="cpu"):
    torch.manual_seed(0)
    model = MODELS[name].build()
    with torch.no_grad():  # weights of norms are ones at first, biases zeros
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model.to(device=device, dtype=dtype)


def inputs(name, model):
    torch.manual_seed(1)
    dtype, device = next(model.parameters()).dtype, next(model.parameters()).device
    return {
        key: value.to(device, dtype if value.dtype.is_floating_point else None) if isinstance(value, torch.Tensor) else value
        for key, value in MODELS[name].inputs().items()
    }


def step(model, given):
    model.zero_grad(set_to_none=True)
    output = model(**given)
    output.loss.backward()
    return output, {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}


def difference(found, expected):
    """The largest, as a fraction of the largest value that is expected."""
    largest = max(each.double().abs().max() for each in expected.values())
    assert found.keys() == expected.keys()
    return max((found[name].double() - expected[name].double()).abs().max() for name in expected) / largest


@pytest.mark.parametrize("name", MODELS)
def test_a_patched_model_computes_the_same(name, device):
    model = build(name, device=device).eval()
    given = inputs(name, model)
    expected, gradients = step(model, given)
    report = gems.patch(model)
    assert {each.operator for each in report.replaced} == MODELS[name].operators, report
    gems.reset_report()
    output, found = step(model, given)
    torch.testing.assert_close(output.loss, expected.loss, rtol=1e-5, atol=1e-6)
    for key, value in expected.items():
        if isinstance(value, torch.Tensor) and key != "loss":
            assert difference({key: output[key]}, {key: value}) < 1e-5, key
    assert difference(found, gradients) < 1e-5
    assert sum(row.served for each, row in gems.report().items() if each.startswith("gems::"))
