"""gems.patch: models compute what they computed, and stay what they were."""

import copy
import inspect
import pickle

import pytest
import torch
import transformers
from models import MODELS

import gems
from gems._patch import layers

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


def distance(found, expected):
    """The Euclidean one, over all tensors."""
    return sum((found[name].double() - expected[name].double()).square().sum() for name in expected).sqrt()


@pytest.mark.parametrize("name", MODELS)
def test_in_bf16_a_patched_model_is_no_further_from_f32(name, device):
    wide = build(name, torch.float32, device).eval()
    narrow = build(name, torch.bfloat16, device).eval()
    narrow.load_state_dict(wide.state_dict())
    wide.load_state_dict(narrow.state_dict())
    exact, given = step(wide, inputs(name, wide)), inputs(name, narrow)
    eager = step(narrow, given)
    gems.patch(narrow)
    patched = step(narrow, given)
    results = {key for key, value in exact[0].items() if isinstance(value, torch.Tensor) and key != "loss"}
    expected = {key: exact[0][key] for key in results}
    assert distance(patched[0], expected) <= 1.25 * distance(eager[0], expected)
    assert distance(patched[1], exact[1]) <= 2 * distance(eager[1], exact[1])  # the roundings of few layers vary more
    loss = exact[0].loss.double()
    assert abs(patched[0].loss - loss) <= abs(eager[0].loss - loss) + torch.finfo(torch.bfloat16).eps * abs(loss)


@pytest.mark.parametrize("name", MODELS)
def test_training_computes_the_same(name):
    model = build(name).train()
    given = inputs(name, model)
    transformers.set_seed(3)
    expected, gradients = step(model, given)
    gems.patch(model)
    transformers.set_seed(3)
    output, found = step(model, given)
    torch.testing.assert_close(output.loss, expected.loss, rtol=1e-5, atol=1e-6)
    assert difference(found, gradients) < 1e-5
    if "linear_cross_entropy" in MODELS[name].operators:
        assert output.logits is None


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].generates])
def test_generate_gives_the_same_tokens(name):
    model = build(name).eval()
    given = {key: value for key, value in inputs(name, model).items() if key != "labels"}
    expected = model.generate(**given, max_new_tokens=5, do_sample=False)
    gems.patch(model)
    assert torch.equal(model.generate(**given, max_new_tokens=5, do_sample=False), expected)


def test_a_patched_model_stays_what_it_was(tmp_path):
    model = build("llama")
    state, text, of_class, signature = model.state_dict(), repr(model), type(model), inspect.signature(model.forward)
    gems.patch(model)
    assert repr(model) == text and isinstance(model, of_class)
    assert inspect.signature(model.forward) == signature  # the Trainer reads it
    assert [(name, each.data_ptr()) for name, each in model.state_dict().items()] == [
        (name, each.data_ptr()) for name, each in state.items()
    ]
    model.save_pretrained(tmp_path)
    assert transformers.AutoConfig.from_pretrained(tmp_path).architectures == ["LlamaForCausalLM"]
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    assert type(loaded) is of_class
    gems.unpatch(model)
    assert all("gems" not in name for each in model.modules() for name in vars(each)) and type(model) is of_class


def test_decorators_of_a_forward_stay():
    model = build("llama").eval()
    given = inputs("llama", model)
    gems.patch(model)
    loss, logits = model(**given, return_dict=False, use_cache=False)
    assert loss.dim() == 0 and logits.dim() == 3


def test_copies_are_patched_and_pickles_are_not():
    model = build("llama")
    gems.patch(model)
    assert type(copy.deepcopy(model).model.norm) is type(model.model.norm)
    loaded = pickle.loads(pickle.dumps(model))
    assert type(loaded) is transformers.LlamaForCausalLM and type(loaded.model.norm) is type(build("llama").model.norm)
    assert torch.equal(loaded.model.norm.weight, model.model.norm.weight)


def test_patching_again_starts_over():
    model = build("llama")
    first = gems.patch(model)
    assert gems.patch(model) == first
    assert {each.operator for each in gems.patch(model, include="*norm").replaced} == {"rms_norm", "skip_rms_norm"}
    assert not gems.patch(model, include=[]).replaced


def test_norms_of_sums_without_the_norms_themselves():
    model = build("llama").eval()
    gems.patch(model, include="skip_rms_norm")
    gems.reset_report()
    model(**inputs("llama", model))
    assert gems.report()["gems::skip_rms_norm"].served == 2 and not gems.report()["gems::rms_norm"].calls


def test_excluding_the_loss_keeps_logits():
    model = build("llama").train()
    gems.patch(model, exclude="linear_cross_entropy")
    assert model(**inputs("llama", model)).logits is not None


def test_models_of_a_class_are_patched_apart():
    one, other = build("llama"), build("llama")
    gems.patch(one, include="rms_norm")
    gems.patch(other, exclude="rms_norm")
    assert type(one.model.norm) is not type(other.model.norm)
    assert type(one.model.layers[0]) is not type(other.model.layers[0])


@pytest.mark.parametrize("reentrant", [False, True])
def test_gradient_checkpointing(reentrant):
    model = build("llama").train()
    given = inputs("llama", model)
    _, expected = step(model, given)
    model.gradient_checkpointing_enable({"use_reentrant": reentrant})
    gems.patch(model)
    runs = []
    model.model.layers[0].mlp.act_fn.register_forward_hook(lambda *_: runs.append(0))
    _, found = step(model, given)
    assert len(runs) == 2  # once more in the backward pass; a hook on the activation sees it
    assert difference(found, expected) < 1e-5


def test_num_items_in_batch_and_shifted_labels():
    model = build("llama").train()
    given = inputs("llama", model)
    labels = given.pop("labels")
    for extra in (
        {"labels": labels, "num_items_in_batch": 30},
        {"labels": labels, "num_items_in_batch": torch.tensor(30)},
        {"labels": labels, "shift_labels": torch.roll(labels, 1, 1)},
        {"labels": labels.masked_fill(labels == -100, 5), "ignore_index": 5},
    ):
        gems.unpatch(model)
        expected = model(**given, **extra).loss
        gems.patch(model)
        torch.testing.assert_close(model(**given, **extra).loss, expected)


@pytest.mark.parametrize("name", ["llama", "bert", "gpt2"])
def test_autocast(name):
    model = build(name).train()
    given = inputs(name, model)
    with torch.autocast("cpu", torch.bfloat16):
        expected = model(**given)
        gems.patch(model)
        found = model(**given)
    assert found.loss.dtype == expected.loss.dtype
    torch.testing.assert_close(found.loss, expected.loss, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("name", ["llama", "bert", "gpt2", "t5"])
def test_compile(name):
    model = build(name).eval()
    given = inputs(name, model)
    expected, gradients = step(model, given)
    gems.patch(model)
    torch._dynamo.reset()
    output, found = step(torch.compile(model, backend="aot_eager"), given)
    torch.testing.assert_close(output.loss, expected.loss)
    assert difference({name.removeprefix("_orig_mod."): each for name, each in found.items()}, gradients) < 1e-5


def test_compile_of_the_loss_in_chunks_has_no_graph_break():
    model = build("llama").train()
    given = inputs("llama", model)
    expected = model(**given).loss
    gems.patch(model)
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(model, backend="aot_eager", fullgraph=True)(**given).loss, expected)


# Models of plain PyTorch


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.LayerNorm(16), torch.nn.RMSNorm(16)
        self.gate, self.up, self.down = (torch.nn.Linear(16, 16) for _ in range(3))
        self.act = torch.nn.SiLU()

    def forward(self, x, y):
        x = x + y
        rest = x
        x = self.first(x)
        if y.shape[0] == 1:
            x = x * 2
        x = rest + x
        return self.second(self.down(self.up(x) * self.act(self.gate(x))) + x)


def test_plain_modules():
    model = Block()
    x, y = torch.randn(2, 3, 16)
    expected = model(x, y)
    report = gems.patch(model)
    assert {each.operator for each in report.replaced} == {
        "layer_norm", "rms_norm", "skip_layer_norm", "skip_rms_norm", "silu_and_mul",
    }  # fmt: skip
    torch.testing.assert_close(model(x, y), expected)


def test_gates_of_two_linear_layers_are_one_operator_where_rows_are_few(monkeypatch):
    model, given = Block().eval(), []
    gems.patch(model)
    pair = layers._linear_gate

    def recorded(x, gate, value, *others):
        given.append((tuple(x.shape), gate is model.gate.weight, value is model.up.weight, others[2]))
        return pair(x, gate, value, *others)

    monkeypatch.setattr(layers, "_linear_gate", recorded)
    few, many = torch.randn(2, 2, 3, 16), torch.randn(2, 9, 16)
    expected = Block.forward(model, *few)
    model(*few)  # with gradients
    with torch.no_grad():
        torch.testing.assert_close(model(*few), expected)
        model(*many)
        with torch.autocast("cpu", torch.bfloat16):
            model(*few)
        handle = model.up.register_forward_hook(lambda *_: None)
        model(*few)
        handle.remove()
        model.gate = torch.nn.Sequential(model.gate)
        torch.testing.assert_close(model(*few), expected)
    assert given == [((2, 3, 16), True, True, "silu")]


def test_hooks_on_what_was_fused_still_run():
    model, seen = Block(), []
    gems.patch(model)
    for each in (model.first, model.second, model.act):
        each.register_forward_hook(lambda module, *_: seen.append(module))
    model(*torch.randn(2, 3, 16))
    assert seen == [model.first, model.act, model.second]


class Packed(torch.nn.Module):
    def __init__(self, gate_last):
        super().__init__()
        self.both = torch.nn.Linear(16, 32)
        self.act = torch.nn.GELU(approximate="tanh")
        self.gate_last = gate_last

    def forward(self, x):
        first, second = self.both(x).chunk(2, dim=-1)
        second = first * self.act(second)
        return second


class Swapped(Packed):
    def forward(self, x):
        x = self.both(x)
        gate, value = x.chunk(2, -1)
        return_value = self.act(gate) * value
        return return_value + x.mean()


class ReadAgain(Packed):
    def forward(self, x):
        gate, value = self.both(x).chunk(2, -1)
        product = self.act(gate) * value
        return product + value


@pytest.mark.parametrize("of_class", [Packed, Swapped, ReadAgain])
def test_halves_of_one_tensor(of_class):
    model = of_class(True)
    x = torch.randn(3, 16)
    expected = model(x)
    gems.patch(model)
    gems.reset_report()
    torch.testing.assert_close(model(x), expected)
    called = {name for name, row in gems.report().items() if row.calls and name.startswith("gems::")}
    assert called == ({"gems::gelu_and_mul"} if of_class is ReadAgain else {"gems::gelu_and_mul.packed"})
    model.act = torch.nn.Tanh()
    found = model(x)
    gems.unpatch(model)
    torch.testing.assert_close(found, model(x))


def test_what_is_put_in_the_place_of_an_activation_runs():
    model = Block()
    gems.patch(model)
    model.act = torch.nn.Tanh()
    x, y = torch.randn(2, 3, 16)
    found = model(x, y)
    gems.unpatch(model)
    torch.testing.assert_close(found, model(x, y))


class Branches(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.LayerNorm(16)

    def forward(self, x, y, z=None):
        x = x + y
        if z is not None:
            x = x * z
        x = self.norm(x)
        return x


@pytest.mark.parametrize("changes", [False, True])
def test_a_sum_that_a_branch_changes(changes):
    model = Branches()
    z = torch.randn(16) if changes else None
    x, y = torch.randn(2, 3, 16)
    expected = model(x, y, z)
    assert gems.patch(model).replaced[0].operator == "skip_layer_norm"
    torch.testing.assert_close(model(x, y, z), expected)


@pytest.mark.parametrize("shapes", [((3, 16), (1, 16)), ((3, 1), (3, 16)), ((16,), (4, 3, 16))])
def test_sums_that_broadcast(shapes):
    model = Branches()
    x, y = (torch.randn(shape) for shape in shapes)
    expected = model(x, y)
    gems.patch(model)
    torch.testing.assert_close(model(x, y), expected)


@pytest.mark.parametrize("dtypes", [(torch.bfloat16, torch.bfloat16), (torch.bfloat16, torch.float32), (torch.float64, torch.float64)])
def test_dtypes_that_the_weights_do_not_have(dtypes):
    model = torch.nn.Sequential(torch.nn.RMSNorm(16, eps=1e-6))
    x = torch.randn(3, 16, dtype=dtypes[0])

    def run():
        try:
            return model(x)
        except RuntimeError as error:
            return str(error)

    expected = run()
    gems.patch(model)
    found = run()
    if isinstance(expected, str):
        assert found == expected
    else:
        torch.testing.assert_close(found, expected)


class TripledLayerNorm(torch.nn.LayerNorm):
    def forward(self, x):
        return super().forward(x) * 3


def closure():
    factor = 3

    class Closed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.LayerNorm(16)

        def forward(self, x):
            return self.norm(x + x) * factor

    return Closed()


def test_what_is_left_says_why():
    owned = Block()
    owned.forward = owned.forward
    model = torch.nn.ModuleDict({"unknown": TripledLayerNorm(16), "closed": closure(), "owned": owned})
    why = {each.paths[0]: each.why for each in gems.patch(model).left}
    assert why == {
        "unknown": "it computes no norm of rows that gems has",
        "closed": "its forward uses factor from around it",
        "owned": "it has a forward of its own, which something has set",
    }


def test_the_printed_report():
    text = str(gems.patch(build("gpt2")))
    assert text.splitlines()[0].split() == ["replaced", "modules", "with"]
    assert ["GPT2Block", "2", "skip_layer_norm"] in [line.split() for line in text.splitlines()]
    assert str(gems.patch(torch.nn.Linear(2, 2))) == "gems: nothing to replace"


def test_bad_arguments():
    with pytest.raises(TypeError, match="gems.patch: expected a torch.nn.Module, given str"):
        gems.patch("model")
    with pytest.raises(ValueError, match="gems.patch: include names 'rms', which is none of rms_norm, layer_norm"):
        gems.patch(torch.nn.Linear(2, 2), include="rms")


class Angles(torch.nn.Module):
    """Halves of angles that differ, as no rotary embedding of transformers has them."""

    def __init__(self, repeats):
        super().__init__()
        self.register_buffer("inv_freq", torch.linspace(1, 2, 4))
        self.repeats = repeats

    def forward(self, x, positions):
        angles = positions[..., None] * self.inv_freq
        angles = torch.cat([angles, angles if self.repeats else 2 * angles], -1)
        return angles.cos(), angles.sin()


def apply_rotary(q, k, cos, sin):
    def turned(x):
        left, right = x.chunk(2, -1)
        return x * cos[:, None] + torch.cat([-right, left], -1) * sin[:, None]

    return turned(q), turned(k)


class Attention(torch.nn.Module):
    def __init__(self, repeats):
        super().__init__()
        self.angles = Angles(repeats)

    def forward(self, x):
        cos, sin = self.angles(x, torch.arange(x.shape[-2])[None])
        q, k = apply_rotary(x, 2 * x, cos, sin)
        return q + k


@pytest.mark.parametrize("repeats", [True, False])
def test_angles_must_repeat(repeats):
    model = Attention(repeats)
    x = torch.randn(2, 3, 5, 8)
    expected = model(x)
    assert bool(gems.patch(model).replaced) == repeats
    torch.testing.assert_close(model(x), expected)


def test_norms_under_autocast_keep_their_dtype(device):
    model = torch.nn.Sequential(torch.nn.LayerNorm(16)).to(device, torch.bfloat16)
    x = torch.randn(3, 16, dtype=torch.bfloat16, device=device)
    with torch.autocast(device, torch.bfloat16):  # on CUDA it computes norms in f32
        expected = model(x).dtype
        gems.patch(model)
        assert model(x).dtype == expected
