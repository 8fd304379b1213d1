#!/usr/bin/env python3
"""Runs steps of three small language models: eager, with gems' overrides, and patched by gems.patch with the overrides;
compares losses, logits, gradients and times, and shows what was patched.

The models are a Llama, a BERT and a GPT-2 built from their configuration classes with random weights, so nothing is
downloaded; the text is the repository's README, byte by byte. Exits with 1 when an output differs by more than the
dtype's tolerance, or when nothing ran on gems' kernels.

Example: tools/demo_models.py --models llama --device cpu
"""

import argparse
import contextlib
import copy
import importlib.util
import pathlib
import statistics
import sys
import textwrap
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


MODELS = ("llama", "bert", "gpt2")


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
    found = {"loss": {"": output.loss.detach()}, "gradient": gradients}
    if output.logits is not None:  # a patched model makes none while it trains
        found["logits"] = {"": output.logits.detach()}
    return found, seconds


def differences(expected, given):
    """For loss, logits and gradient: the largest difference, as a fraction of the largest value of its kind.

    Of its kind: some gradients, such as that of a key's bias, are zero but for rounding and have no scale themselves.
    """
    found = {}
    for kind in given:
        wanted = expected[kind]
        scale = max(tensor.double().abs().max().item() for tensor in wanted.values())
        pairs = [(wanted[name].double() - given[kind][name].double()).abs().max().item() for name in wanted]
        found[kind] = float("inf") if any(each != each for each in pairs) else max(pairs) / max(scale, 1e-30)
    return found


def compare(name, device, dtype, steps):
    """Runs the model in the three ways and prints a paragraph. Returns whether it is as it should be, and gems.report()."""
    model = build(name).to(device=device, dtype=dtype).train()
    patched = copy.deepcopy(model)
    replaced = gems.patch(patched)
    ways = {
        "eager": (model, contextlib.nullcontext),
        "gems.enable()": (model, gems.use_gems),
        "and gems.patch()": (patched, gems.use_gems),
    }
    tokens = text_as_tokens(device)
    gems.reset_report()
    first = {way: step(each, tokens, scope)[1] for way, (each, scope) in ways.items()}
    seconds, found = {way: [] for way in ways}, {}
    for _ in range(steps):  # in turns, so that all meet the same machine
        for way, (each, scope) in ways.items():
            found[way], taken = step(each, tokens, scope)
            seconds[way].append(taken)
    report = gems.report()
    served = sum(row.served for row in report.values())
    calls = sum(row.calls for row in report.values())
    compiles = sum(row.compiles for row in report.values())

    tolerance = TOLERANCES[dtype]
    print(f"{name}, {device}, {str(dtype)[6:]}, {model.num_parameters():,} parameters; {tolerance:.0e} is allowed to differ")
    print(f"  {'':<18}{'first ms':>9}{'ms a step':>10}{'loss':>10}  differences from eager")
    same = True
    for way in ways:
        apart = differences(found["eager"], found[way])
        same = same and all(each <= tolerance for each in apart.values())
        shown = "" if way == "eager" else ", ".join(f"{kind} {each:.1e}" for kind, each in apart.items())
        shown += "" if all(each <= tolerance for each in apart.values()) else ": DIFFERENT"
        print(f"  {way:<18}{1000 * first[way]:>9.0f}{1000 * statistics.median(seconds[way]):>10.1f}"
              f"{found[way]['loss'][''].item():>10.6f}  {shown}".rstrip())  # fmt: skip
    print(f"  {served} of {calls} calls on gems' kernels, {compiles} kernels compiled")
    print("\n" + textwrap.indent(str(replaced), "  ") + "\n")
    return same and served > 0 and bool(replaced.replaced), report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
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
