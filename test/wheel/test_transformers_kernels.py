"""Layers of gems in models of transformers, put there by the library kernels, as the document says it."""

import pytest

# Of these transformers takes the second, and both are on package indexes.
PACKAGES = ("transformers==5.17.0", "kernels==0.16.2")

SCRIPT = """
import copy, torch, transformers, gems
from kernels import Mode, kernelize, use_kernel_mapping

sizes = dict(vocab_size=97, bos_token_id=None, eos_token_id=None)
llama = transformers.LlamaConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, **sizes)
gpt2 = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, **sizes)
for model in (transformers.LlamaForCausalLM(llama), transformers.GPT2LMHeadModel(gpt2)):
    model = model.eval()
    replaced = copy.deepcopy(model)
    with use_kernel_mapping(gems.kernel_mapping(), inherit_mapping=False):
        replaced = kernelize(replaced, mode=Mode.TRAINING | Mode.TORCH_COMPILE, device="cpu")
    tokens = torch.randint(97, (2, 12))
    losses = [each(input_ids=tokens, labels=tokens).loss for each in (model, replaced)]
    for loss in losses:
        loss.backward()
    torch.testing.assert_close(*losses)
    for one, other in zip(model.parameters(), replaced.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)
    forwards = {each.forward.__func__.__qualname__ for each in replaced.modules() if each.forward.__module__ == "gems._kernel_mapping"}
    print(type(model).__name__, *sorted(forwards))
"""


@pytest.fixture(scope="session")
def packages(own_torch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("transformers")
    own_torch.pip_install("--target", str(folder), *PACKAGES)
    return folder


def test_layers_are_replaced(own_torch, packages):
    printed = own_torch.run("python", "-W", "ignore", "-c", SCRIPT, PYTHONPATH=str(packages)).stdout
    assert printed.splitlines() == ["LlamaForCausalLM RMSNorm.forward SiLU.forward", "GPT2LMHeadModel GELUTanh.forward"]
