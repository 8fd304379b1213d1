#!/usr/bin/env python3
"""Runs steps of three small language models without and with gems; compares losses, logits, gradients and times.

The models are a Llama, a BERT and a GPT-2 built from their configuration classes with random weights, so nothing is
downloaded; the text is the repository's README, byte by byte. Exits with 1 when an output differs by more than the
dtype's tolerance, or when nothing ran on gems' kernels.

Example: tools/demo_models.py --models llama --device cpu
"""

import argparse
import contextlib
import importlib.util
import pathlib
import statistics
import sys
import time

root = pathlib.Path(__file__).resolve().parents[1]
if importlib.util.find_spec("gems") is None:
    sys.path.insert(0, str(root / "runtime" / "aten" / "python"))

import torch  # noqa: E402
import transformers  # noqa: E402

import gems  # noqa: E402

# Largest difference, as a fraction of the largest value of the tensor. One rounding of the dtype is 6e-8, 5e-4 or 4e-3;
# the outputs of a step are some thirty roundings deep.
TOLERANCES = {torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 5e-2}
SEQUENCES, LENGTH = 4, 128


def build(name):
    """A model of about a million parameters on the CPU in f32; the same one at each call."""
    torch.manual_seed(0)
    size = {"vocab_size": 256, "attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}
    if name == "llama":
        config = transformers.LlamaConfig(
            vocab_size=256, hidden_size=128, intermediate_size=352, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=LENGTH,
        )  # fmt: skip
        return transformers.LlamaForCausalLM(config)
    if name == "bert":
        config = transformers.BertConfig(
            hidden_size=128, intermediate_size=512, num_hidden_layers=4, num_attention_heads=4,
            max_position_embeddings=LENGTH, **size,
        )  # fmt: skip
        return transformers.BertForMaskedLM(config)
    config = transformers.GPT2Config(
        vocab_size=256, n_embd=128, n_layer=4, n_head=4, n_positions=LENGTH, resid_pdrop=0.0, embd_pdrop=0.0,
        attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config)


MODELS = {"llama": "silu, x * y, rsqrt", "bert": "gelu with erf", "gpt2": "gelu with tanh"}


def text_as_tokens(device):
    """The first bytes of the README, one token a byte."""
    data = (root / "README.md").read_bytes()
    while len(data) < SEQUENCES * LENGTH:
        data += data
    return torch.tensor(list(data[: SEQUENCES * LENGTH]), device=device).view(SEQUENCES, LENGTH)


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def step(model, tokens, scope):
    """One forward and backward pass: (loss, logits, gradients by name), and its seconds."""
    model.zero_grad(set_to_none=True)
    synchronize(tokens.device.type)
    start = time.perf_counter()
    with scope():
        output = model(input_ids=tokens, labels=tokens)
        output.loss.backward()
    synchronize(tokens.device.type)
    seconds = time.perf_counter() - start
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {"loss": {"": output.loss.detach()}, "logits": {"": output.logits.detach()}, "gradient": gradients}, seconds


def differences(expected, given):
    """For loss, logits and gradient: the largest difference, as a fraction of the largest value of its kind.

    Of its kind: some gradients, such as that of a key's bias, are zero but for rounding and have no scale themselves.
    """
    found = {}
    for kind, wanted in expected.items():
        scale = max(tensor.double().abs().max().item() for tensor in wanted.values())
        pairs = [(wanted[name].double() - given[kind][name].double()).abs().max().item() for name in wanted]
        found[kind] = float("inf") if any(each != each for each in pairs) else max(pairs) / max(scale, 1e-30)
    return found


def compare(name, device, dtype, steps):
    """Runs the model without and with gems and prints a paragraph. Returns whether it is as it should be."""
    model = build(name).to(device=device, dtype=dtype).train()
    tokens = text_as_tokens(device)
    gems.reset_report()
    step(model, tokens, contextlib.nullcontext)
    _, first = step(model, tokens, gems.use_gems)
    eager_seconds, gems_seconds = [], []
    for _ in range(steps):  # in turns, so that both meet the same machine
        expected, seconds = step(model, tokens, contextlib.nullcontext)
        eager_seconds.append(seconds)
        given, seconds = step(model, tokens, gems.use_gems)
        gems_seconds.append(seconds)
    report = gems.report()
    served = sum(row.served for row in report.values())
    calls = sum(row.calls for row in report.values())
    compiles = sum(row.compiles for row in report.values())

    found = differences(expected, given)
    tolerance = TOLERANCES[dtype]
    same = all(difference <= tolerance for difference in found.values())
    eager_ms, gems_ms = (1000 * statistics.median(each) for each in (eager_seconds, gems_seconds))
    shown = ", ".join(f"{kind} {difference:.1e}" for kind, difference in found.items())
    print(f"{name} ({MODELS[name]}), {device}, {str(dtype)[6:]}, {model.num_parameters():,} parameters")
    print(f"  loss         {expected['loss']['']:.6f} without gems, {given['loss']['']:.6f} with gems")
    print(f"  differences  {shown} ({tolerance:.0e} allowed): {'same' if same else 'DIFFERENT'}")
    print(f"  calls        {calls // (steps + 1)} a step, {100 * served // max(calls, 1)} % of them on gems' kernels")
    print(
        f"  ms a step    {eager_ms:.1f} without gems, {gems_ms:.1f} with gems;"
        f" the first {1000 * first:.0f} ({compiles} kernels compiled)"
    )
    if served == 0:
        print("  nothing ran on gems' kernels")
    print()
    return same and served > 0, report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=list(MODELS))
    parser.add_argument(
        "--device", choices=("cpu", "cuda", "all"), default="all", help="all: CUDA too where there is one"
    )
    parser.add_argument("--steps", type=int, default=5, help="timed steps after the first")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()

    runs = []
    if arguments.device in ("cpu", "all"):
        runs.append(("cpu", torch.float32))
    if arguments.device == "cuda" or (arguments.device == "all" and torch.cuda.is_available()):
        runs += [("cuda", dtype) for dtype in TOLERANCES]
    good = True
    for device, dtype in runs:
        for name in arguments.models:
            passed, report = compare(name, device, dtype, arguments.steps)
            good = good and passed
    print(f"gems.report() of the last model:\n{report}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
