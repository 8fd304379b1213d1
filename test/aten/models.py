"""Transformers' models with a few thousand random parameters, and inputs for them."""

import dataclasses
from collections.abc import Callable

import torch
import transformers

SIZES = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4}
DECODER = {
    "vocab_size": 97, "intermediate_size": 48, "num_key_value_heads": 2, "max_position_embeddings": 64, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2, **SIZES,
}  # fmt: skip
ENCODER = {
    "vocab_size": 97, "intermediate_size": 48, "max_position_embeddings": 64, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0, **SIZES,
}  # fmt: skip
IMAGE = {"intermediate_size": 48, "image_size": 16, "patch_size": 8, **SIZES}


@dataclasses.dataclass(frozen=True)
class Model:
    build: Callable
    inputs: Callable
    operators: frozenset  # that a patched one calls
    generates: bool = True


def _tokens(rows=2, length=12):
    return torch.randint(3, 97, (rows, length), generator=torch.Generator().manual_seed(7))


def _causal():
    tokens = _tokens()
    mask = torch.ones_like(tokens)
    mask[0, :3] = 0
    labels = tokens.masked_fill(mask == 0, -100)
    return {"input_ids": tokens, "attention_mask": mask, "labels": labels}


def _masked():
    tokens = _tokens()
    return {"input_ids": tokens, "labels": tokens.masked_fill(torch.rand(tokens.shape) > 0.4, -100)}


def _pixels():
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(7))


def _of(config, model, **sizes):
    return lambda: getattr(transformers, model)(getattr(transformers, config)(**sizes))


def _clip():
    return transformers.CLIPModel(
        transformers.CLIPConfig(
            text_config={"vocab_size": 97, "intermediate_size": 48, "max_position_embeddings": 64, "eos_token_id": 96, **SIZES},
            vision_config=IMAGE, projection_dim=16,
        )
    )  # fmt: skip


def _llava():
    config = transformers.LlavaConfig(
        text_config=transformers.LlamaConfig(**DECODER), vision_config=transformers.CLIPVisionConfig(**IMAGE),
        image_token_index=96, vision_feature_layer=-1,
    )  # fmt: skip
    return transformers.LlavaForConditionalGeneration(config)


def _llava_inputs():
    tokens = _tokens() % 90 + 3
    tokens[:, 1:5] = 96  # the four patches of an image
    return {"input_ids": tokens, "pixel_values": _pixels(), "labels": tokens.masked_fill(tokens == 96, -100)}


def _t5(kind):
    return _of(
        "T5Config", "T5ForConditionalGeneration", vocab_size=97, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        dropout_rate=0.0, feed_forward_proj=kind, decoder_start_token_id=0, pad_token_id=0, eos_token_id=2,
    )  # fmt: skip


LLAMA = {"rms_norm", "skip_rms_norm", "silu_and_mul", "rotary_embedding", "linear_cross_entropy"}
GEMMA = {"gemma_rms_norm", "skip_gemma_rms_norm", "gelu_and_mul", "rotary_embedding"}
BERT = {"layer_norm", "skip_layer_norm", "cross_entropy"}
MODELS = {
    "llama": Model(_of("LlamaConfig", "LlamaForCausalLM", **DECODER), _causal, frozenset(LLAMA)),
    "mistral": Model(_of("MistralConfig", "MistralForCausalLM", **DECODER), _causal, frozenset(LLAMA)),
    "qwen2": Model(_of("Qwen2Config", "Qwen2ForCausalLM", **DECODER), _causal, frozenset(LLAMA)),
    "qwen3": Model(_of("Qwen3Config", "Qwen3ForCausalLM", head_dim=8, **DECODER), _causal, frozenset(LLAMA)),
    "gemma": Model(
        _of("GemmaConfig", "GemmaForCausalLM", head_dim=8, **DECODER), _causal, frozenset(GEMMA | {"linear_cross_entropy"})
    ),
    "gemma2": Model(
        _of("Gemma2Config", "Gemma2ForCausalLM", head_dim=8, **DECODER),
        _causal,
        frozenset(GEMMA | {"cross_entropy"}),
    ),
    "gemma3": Model(
        _of("Gemma3TextConfig", "Gemma3ForCausalLM", head_dim=8, **DECODER),
        _causal,
        frozenset(GEMMA | {"cross_entropy"}),
    ),
    "phi": Model(
        _of("PhiConfig", "PhiForCausalLM", partial_rotary_factor=0.5, **DECODER),
        _causal,
        frozenset({"layer_norm", "gelu", "rotary_embedding", "linear_cross_entropy"}),
    ),
    "phi3": Model(_of("Phi3Config", "Phi3ForCausalLM", **DECODER), _causal, frozenset(LLAMA)),
    "bert": Model(_of("BertConfig", "BertForMaskedLM", **ENCODER), _masked, frozenset(BERT), generates=False),
    "roberta": Model(
        _of("RobertaConfig", "RobertaForMaskedLM", pad_token_id=1, **ENCODER), _masked, frozenset(BERT), generates=False
    ),
    "gpt2": Model(
        _of(
            "GPT2Config", "GPT2LMHeadModel", vocab_size=97, n_embd=32, n_layer=2, n_head=4, n_positions=64, resid_pdrop=0.0,
            embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=1, eos_token_id=2,
        ),  # fmt: skip
        _causal,
        frozenset({"layer_norm", "skip_layer_norm", "gelu", "linear_cross_entropy"}),
    ),
    "gpt_neox": Model(
        _of(
            "GPTNeoXConfig", "GPTNeoXForCausalLM", rotary_pct=0.5, attention_dropout=0.0, hidden_dropout=0.0,
            use_parallel_residual=False, **DECODER,
        ),  # fmt: skip
        _causal,
        frozenset({"layer_norm", "skip_layer_norm", "rotary_embedding", "linear_cross_entropy"}),
    ),
    "t5": Model(
        _t5("relu"), lambda: {"input_ids": _tokens(), "labels": _tokens(2, 7)}, frozenset({"rms_norm", "cross_entropy"})
    ),
    "t5-gated": Model(
        _t5("gated-gelu"),
        lambda: {"input_ids": _tokens(), "labels": _tokens(2, 7)},
        frozenset({"rms_norm", "gelu_and_mul", "gelu", "cross_entropy"}),
    ),
    "vit": Model(
        _of(
            "ViTConfig", "ViTForImageClassification", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=5, **IMAGE
        ),
        lambda: {"pixel_values": _pixels(), "labels": torch.tensor([1, 4])},
        frozenset({"layer_norm", "skip_layer_norm"}),
        generates=False,
    ),
    "clip": Model(
        _clip,
        lambda: {"input_ids": _tokens(), "pixel_values": _pixels(), "return_loss": True},
        frozenset({"layer_norm", "skip_layer_norm", "quick_gelu"}),
        generates=False,
    ),
    "llava": Model(_llava, _llava_inputs, frozenset(LLAMA | {"layer_norm", "skip_layer_norm", "quick_gelu"})),
}
