"""The models of models.py as data, at full size and at one for trying out, and their inputs. Weights are random."""

import dataclasses
from collections.abc import Callable

import torch
import transformers

PROMPT, NEW_TOKENS = 32, 48
IGNORED = -100  # a label that no loss is computed of
TRAINED = ("train", "forward", "step")


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    build: Callable  # on the default device
    shape: tuple[int, int]  # sequences, tokens of each
    parts: tuple[str, ...] = TRAINED
    is_masked: bool = False

    @property
    def tokens(self):
        """How many tokens a call reads, or makes when it generates."""
        sequences, length = self.shape
        return sequences * (NEW_TOKENS if self.parts == ("decode",) else length)

    def inputs(self, vocabulary, device):
        """The tokens and their labels; of a masked model's labels one in seven counts."""
        made = torch.Generator().manual_seed(0)
        tokens = torch.randint(vocabulary, self.shape, generator=made)
        labels = tokens
        if self.is_masked:
            labels = tokens.masked_fill(torch.rand(self.shape, generator=made) > 1 / 7, IGNORED)
        return {"input_ids": tokens.to(device), "labels": labels.to(device)}


def _llama(words, layers, width, inner, heads, positions):
    return lambda: transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=words, hidden_size=width, intermediate_size=inner, num_hidden_layers=layers, num_attention_heads=heads,
            max_position_embeddings=positions, bos_token_id=None, eos_token_id=None, pad_token_id=0,
        )
    )  # fmt: skip


def _bert(words, layers, width, heads, positions):
    return lambda: transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=words, hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=heads,
            max_position_embeddings=positions, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        )
    )  # fmt: skip


def _gpt2(words, layers, width, heads, positions):
    return lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=words, n_embd=width, n_layer=layers, n_head=heads, n_positions=positions, resid_pdrop=0.0,
            embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
        )
    )  # fmt: skip


FULL = (
    Model("llama", _llama(32000, 4, 2048, 5632, 16, 2048), (4, 2048)),
    Model("llama large vocabulary", _llama(128256, 2, 2048, 5632, 16, 2048), (2, 2048)),
    Model("bert", _bert(30522, 12, 768, 12, 512), (32, 512), is_masked=True),
    Model("gpt2", _gpt2(50257, 12, 768, 12, 1024), (8, 1024)),
    *(Model(f"llama deep batch {batch}", _llama(32000, 24, 1024, 2816, 16, 2048), (batch, PROMPT), ("decode",))
      for batch in (1, 8)),
)  # fmt: skip

SMALL = (
    Model("llama", _llama(97, 2, 32, 48, 4, 128), (2, 24)),
    Model("llama large vocabulary", _llama(997, 1, 32, 48, 4, 128), (2, 24)),
    Model("bert", _bert(97, 2, 32, 4, 64), (2, 24), is_masked=True),
    Model("gpt2", _gpt2(97, 2, 32, 4, 64), (2, 24)),
    *(Model(f"llama deep batch {batch}", _llama(97, 2, 32, 48, 4, 128), (batch, PROMPT), ("decode",))
      for batch in (1, 8)),
)  # fmt: skip
