"""The benchmark of whole models: small ones run and agree on the CPU, what differs is seen, tables come from stored rows."""

import json
import re
import sys
import types

import pytest
from repository import ROOT

sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "runtime/aten/python")]

import torch  # noqa: E402
import transformers  # noqa: E402

import arms  # noqa: E402
import document  # noqa: E402
import kernel_classes  # noqa: E402
import measure  # noqa: E402
import model_arms  # noqa: E402
import model_cases  # noqa: E402
import model_graphs  # noqa: E402
import model_rows  # noqa: E402
import models  # noqa: E402
import plot  # noqa: E402
from model_rows import GEMS, PATCHED  # noqa: E402


def run(*arguments):
    return models.main(["--device", "cpu", "--threads", "1", "--rounds", "2", *arguments])


def test_sizes_have_the_same_models():
    full, small = (
        [(each.name, each.parts, each.is_masked) for each in which] for which in (model_cases.FULL, model_cases.SMALL)
    )
    assert full == small and len({name for name, *_ in full}) == len(full)
    with torch.device("meta"):
        built = {each.name: each.build() for each in model_cases.FULL}
    sizes = {name: sum(parameter.numel() for parameter in each.parameters()) / 1e6 for name, each in built.items()}
    assert {name: round(size) for name, size in sizes.items()} == {
        "llama": 337, "llama large vocabulary": 628, "bert": 110, "gpt2": 124, "llama deep batch 1": 374,
        "llama deep batch 8": 374,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "part"), [("llama", "train"), ("bert", "forward"), ("gpt2", "step"), ("llama deep batch 1", "decode")]
)
def test_a_part_is_measured(name, part, tmp_path, capsys):
    path = tmp_path / "models.json"
    assert run("--only", f"^{name}$", "--parts", part, "--json", str(path)) == 0
    (row,) = json.loads(path.read_text())["cases"]
    assert (row["name"], row["group"], row["dtype"], row["rounds"]) == (name, part, "float32", 2)
    assert list(row["arms"]) == ["eager", GEMS, PATCHED] and row["served"] and not row["wrong"]
    for found in row["arms"].values():
        assert found["ms"] > 0 and found["of_eager"] > 0 and "peak_mb" not in found and "kernels" not in found
        assert found.get("same_tokens") == (1 if part == "decode" else None)
    printed = capsys.readouterr().out
    assert re.search(rf"^{name}, {part}, float32: 48 tokens, 2 rounds; loss \d\.\d+$", printed, re.MULTILINE)
    assert re.search(r"^  gems\.patch +\d+\.\d{3} +\d+\.\d% +\d+\.\d\dx +\d+ ", printed, re.MULTILINE)
    assert "no arm of gems differs from eager" in printed


def test_results_are_kept_and_the_limit_ends_a_run(tmp_path, capsys):
    path = tmp_path / "models.json"
    run("--only", "^gpt2$", "--parts", "forward", "--json", str(path), "--arms", "gems")
    before = json.loads(path.read_text())["cases"]
    assert run("--only", "gpt2|bert", "--parts", "forward", "--json", str(path), "--resume", "--limit", "-1") == 0
    assert json.loads(path.read_text())["cases"] == before
    assert "no time was left for bert, forward; run again with --resume" in capsys.readouterr().err
    stored = json.loads(path.read_text()) | {"small": False}
    path.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="was measured with small False, here it is True"):
        run("--json", str(path), "--resume")


def test_rounds_end_when_it_is_late():
    seconds = measure.interleave({"eager": lambda: 1.0, "gems": lambda: 2.0}, 5, late=lambda: True)
    assert seconds == {"eager": [1.0], "gems": [2.0]}


def break_loss(arm):
    forward = arm.model.forward

    def wrong(*args, **kwargs):
        output = forward(*args, **kwargs)
        output.loss = output.loss * 1.0001
        return output

    arm.model.forward = wrong


def break_gradient(arm):
    next(arm.model.parameters()).register_hook(lambda gradient: gradient * 1.01)


def turn_gradient(arm):
    next(arm.model.parameters()).register_hook(torch.neg)


def break_tokens(arm):
    generate = arm.model.generate
    arm.model.generate = lambda *args, **kwargs: generate(*args, **kwargs).fill_(1)


def break_all(arm):
    arm.call = arm.model = None


@pytest.mark.parametrize(
    ("name", "part", "spoil", "text"),
    (
        ("llama", "forward", break_loss, "gems.patch: loss 4.58"),
        ("llama", "train", break_gradient, "gems.patch: gradients "),
        ("llama", "step", turn_gradient, "gems.patch: loss "),
        ("llama deep batch 1", "decode", break_tokens, "gems.patch: loss "),
        ("llama", "forward", break_all, "gems.patch: 'NoneType' object has no attribute 'eval'"),
    ),
)
def test_an_arm_that_differs_fails_the_program(name, part, spoil, text, capsys, monkeypatch):
    def spoiled(model):
        arm = patched(model)
        spoil(arm)
        return arm

    patched = model_arms.ARMS[PATCHED]
    monkeypatch.setitem(model_arms.ARMS, PATCHED, spoiled)
    assert run("--only", f"^{name}$", "--parts", part) == 1
    assert f"{name}, {part}: {text}" in capsys.readouterr().out


def test_an_arm_without_gems_kernels_fails_the_program(capsys, monkeypatch):
    monkeypatch.setattr(models.gems, "report", dict)
    assert run("--only", "^gpt2$", "--parts", "forward") == 1
    assert "gpt2, forward: NOT SERVED: nothing ran on gems' kernels" in capsys.readouterr().out


def test_arms_that_cannot_run_say_why(capsys, monkeypatch):
    assert run("--only", "^gpt2$", "--parts", "forward", "--arms", "liger") == 0
    assert re.search(r"Liger +absent: CUDA only", capsys.readouterr().out)
    monkeypatch.setattr(model_arms, "_needs_cuda", lambda model: None)
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers", types.SimpleNamespace())
    with pytest.raises(arms.Absent, match="it has nothing for gpt2"):
        model_arms.prepare("liger", model_cases.SMALL[3].build())


def test_liger_replaces_functions_for_its_arm_alone(monkeypatch):
    from transformers.models.llama import modeling_llama

    def apply(model):
        modeling_llama.apply_rotary_pos_emb = "Liger's"

    original = modeling_llama.apply_rotary_pos_emb
    monkeypatch.setattr(model_arms, "_needs_cuda", lambda model: None)
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers", types.SimpleNamespace(apply_liger_kernel_to_llama=apply))
    arm = model_arms.prepare("liger", model_cases.SMALL[0].build())
    assert modeling_llama.apply_rotary_pos_emb is original
    with arm.scope():
        assert modeling_llama.apply_rotary_pos_emb == "Liger's"
    assert modeling_llama.apply_rotary_pos_emb is original


@pytest.mark.parametrize(
    ("arguments", "text"),
    (
        (("--arms", "eager,jax"), "no such arm: jax; there are eager, gems, patched, liger, compile"),
        (("--parts", "sleep"), "no such part: sleep; there are train, forward, step, decode"),
        (("--only", "vit"), "no model with the parts train, forward, step, decode is found by 'vit'; there are llama, "),
        (("--only", "("), "--only '(' is no regular expression"),
    ),
)
def test_unknown_names_are_explained(arguments, text, capsys):
    with pytest.raises(SystemExit):
        run(*arguments)
    assert text in capsys.readouterr().err


def test_host_time_is_that_of_a_token():
    model = model_cases.SMALL[4]
    of_model = models.Arms(model, "cpu", torch.float32)
    assert models.host_us(of_model["eager"], model.inputs(of_model.vocabulary, "cpu")) > 0


def test_a_graph_makes_the_tokens_that_the_model_makes():
    model = model_cases.SMALL[4]
    of_model = models.Arms(model, "cpu", torch.float32)
    arm, prompt = of_model["eager"], model.inputs(of_model.vocabulary, "cpu")["input_ids"]
    generated = arm.decode({"input_ids": prompt})[:, prompt.shape[1] :]
    cache = transformers.StaticCache(config=arm.model.config, max_cache_len=prompt.shape[1] + 4)
    place, made = torch.full((1, 1), prompt.shape[1]), []
    with torch.no_grad():
        token = arm.model(input_ids=prompt, past_key_values=cache, use_cache=True).logits[:, -1:].argmax(-1)
        for _ in range(4):
            made.append(token)
            token = model_graphs.next_token(arm.model, cache, token, place)
    assert torch.equal(torch.cat(made, dim=1), generated[:, :4]) and place.item() == prompt.shape[1] + 4


@pytest.mark.parametrize(
    ("name", "expected"),
    (
        ("gems_silu_and_mul_bf16_flat", "gems"),
        ("void pytorch_flash::flash_fwd_kernel<Flash_fwd_kernel_traits<64, 128>>(...)", "attention"),
        ("fmha_cutlassF_bf16_aligned_64x64_rf_sm80", "attention"),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16", "attention"),
        ("nvjet_tst_128x256_64x4_2x1_v_bz_coopA_NTN", "gemm"),
        ("void cutlass::Kernel2<cutlass_80_wmma_tensorop_bf16_s161616gemm>", "gemm"),
        ("void cublasLt::splitKreduce_kernel<32, 16, int>", "gemm"),
        ("Memcpy DtoD (Device -> Device)", "copies"),
        ("void at::native::elementwise_kernel<128, 4, at::native::direct_copy_kernel_cuda(...)>", "copies"),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::MulFunctor<float>>", "other"),
        ("triton_poi_fused__scaled_dot_product_flash_attention_clone_3", "other"),
        ("_rms_norm_forward_kernel", "other"),
    ),
)
def test_kernels_have_classes(name, expected):
    assert kernel_classes.class_of(name) == expected


def test_only_what_runs_on_the_gpu_is_counted():
    events = [
        {"cat": "kernel", "name": "gems_add_f32_flat", "dur": 250},
        {"cat": "kernel", "name": "nvjet_hsh", "dur": 500},
        {"cat": "gpu_memset", "name": "Memset (Device)", "dur": 250},
        {"cat": "gpu_user_annotation", "name": "Optimizer.step", "dur": 9000},
        {"cat": "cuda_runtime", "name": "cudaLaunchKernel", "dur": 7},
        {"ph": "M", "name": "process_name"},
    ]
    found = kernel_classes.counted(events)
    assert (found["kernels"], found["kernel_ms"]) == (3, 1.0)
    shares = model_rows.shares(found)
    assert shares == {"gems": 0.25, "attention": 0, "gemm": 0.5, "copies": 0.25, "other": 0}
    assert model_rows.shares({}) == {}


def arm(ms, of_eager, **measured):
    return {"ms": ms, "of_eager": of_eager, "spread": 0.01, "first_s": 2.0} | measured


def row(group, found):
    return {"name": "llama", "group": group, "dtype": "bfloat16", "tokens": 48, "loss": 10.5, "rounds": 7, "served": True,
            "absent": {"liger": "no"}, "wrong": {}, "arms": found}  # fmt: skip


def test_tables_of_stored_rows():
    on_gpu = {"kernels": 10, "kernel_ms": 2.0, "class_ms": {"gems": 0.5, "gemm": 1.5}}
    train = row("train", {"eager": arm(60, 1, peak_mb=5000), PATCHED: arm(40, 1.5, peak_mb=3210, **on_gpu)})
    decode = row("decode", {"eager": arm(480, 1, host_us=9000.4), GEMS: arm(400, 1.2, graph_us=700.4)})
    stored = {"cases": [train, decode]}
    assert document.model_table(stored).splitlines()[::2] == [
        "| model | part | eager, ms | gems | gems.patch | eager, peak GB | gems, peak GB | gems.patch, peak GB |",
        "| llama | train | 60.0 |  | 1.50x | 5.00 |  | 3.21 |",
    ]
    assert "| llama | decode | 480.0 | 1.20x |  |  |  |  |" in document.model_table(stored)
    assert document.model_kernel_table(stored).splitlines()[2:] == [
        "| llama | train | gems.patch | 10 | 2.0 | 25.0% |  | 75.0% |  |  |"
    ]
    assert document.decode_table(stored).splitlines()[0::2] == [
        "| model | eager, tokens/s | gems, tokens/s | eager, host us | gems, graph us |",
        "| llama | 100 | 120 | 9000 | 700 |",
    ]
    for name in ("models", "model kernels", "model decoding"):
        text = document.TABLES[name](stored)
        assert len({line.count("|") for line in text.splitlines()}) == 1, name
    assert re.search(r"gems\.patch +40\.000 +1\.0% +1\.50x +1200 +2\.0 +3210 +10 +25\.0% +- +75\.0%", model_rows.lines(train))
    assert "Liger         absent: no" in model_rows.lines(train)


def test_pictures_of_stored_rows(tmp_path):
    result = json.loads((ROOT / "docs/performance/h200-models.json").read_text())
    (path,) = plot.draw(result, tmp_path, "svg")
    drawn = path.read_text()
    assert path.name == "models.svg" and drawn == (ROOT / "docs/performance/models.svg").read_text()
    for text in ("gpt2, training", "bert, evaluation", "gems.patch", "Liger", "NVIDIA H200"):
        assert f">{text}" in drawn, text
    assert "step" not in drawn and plot.draw({**result, "cases": []}, tmp_path, "svg") == []
