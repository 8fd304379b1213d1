"""The arms of models.py: each has a copy of the model, what makes it its own, and the scope in which it is called."""

import contextlib
import copy
import functools
import sys

import paths  # noqa: F401  (finds gems)
import torch

import gems
from arms import Absent, imported
from model_cases import NEW_TOKENS
from model_rows import EAGER, GEMS, PATCHED


class Arm:
    """model: the arm's own, of which `call` is what is called."""

    def __init__(self, model, scope=contextlib.nullcontext, optimizer=torch.optim.AdamW):
        self.model, self.call, self.scope = model, model, scope
        self._optimizer_class = optimizer
        self._generate = {}

    @functools.cached_property
    def _optimizer(self):
        return self._optimizer_class(self.model.parameters(), lr=1e-4)

    def train(self, inputs):
        """The loss; leaves gradients."""
        self.model.train()
        self.model.zero_grad(set_to_none=True)
        loss = self.call(**inputs, use_cache=False).loss
        loss.backward()
        return loss.detach()

    def step(self, inputs):
        loss = self.train(inputs)
        self._optimizer.step()
        self.model.zero_grad(set_to_none=True)
        return loss

    def forward(self, inputs):
        """The loss and all logits, as in an evaluation."""
        self.model.eval()
        with torch.no_grad():
            return self.call(**inputs, use_cache=False).loss

    def decode(self, inputs):
        """Sequences: the prompts and the most probable tokens after them."""
        self.model.eval()
        prompt = inputs["input_ids"]
        return self.model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=0,
            **self._generate,
        )  # fmt: skip


class _Compiled(Arm):
    """Generates with a cache of fixed size, as transformers compiles it."""

    def __init__(self, model):
        super().__init__(model)
        self.call = torch.compile(model, dynamic=False)
        self._generate = {"cache_implementation": "static"}

    def decode(self, inputs):
        _needs_cuda(self.model)
        return super().decode(inputs)


def _needs_cuda(model):
    if not next(model.parameters()).is_cuda:
        raise Absent("CUDA only")


def _patched(model):
    if not gems.patch(model).replaced:
        raise Absent("gems.patch finds nothing to replace")
    return Arm(model, gems.use_gems, gems.optim.AdamW)


def _liger(model):
    """Liger replaces functions of transformers' module too, for all of its models: they are put back outside of the arm."""
    _needs_cuda(model)
    kind = model.config.model_type
    apply = getattr(imported("liger_kernel.transformers"), f"apply_liger_kernel_to_{kind}", None)
    if apply is None:
        raise Absent(f"it has nothing for {kind}")
    module = sys.modules[type(model).__module__]
    with _restored(module):
        apply(model=model)
        replaced = dict(vars(module))

    @contextlib.contextmanager
    def scope():
        with _restored(module):
            vars(module).update(replaced)
            yield

    return Arm(model, scope)


@contextlib.contextmanager
def _restored(module):
    before = dict(vars(module))
    try:
        yield
    finally:
        vars(module).update(before)


ARMS = {
    EAGER: Arm,
    GEMS: lambda model: Arm(model, gems.use_gems),
    PATCHED: _patched,
    "liger": _liger,
    "compile": _Compiled,
}


def chosen(text):
    """Arms by their names, separated by commas; eager always, and first."""
    names = [each.strip() for each in text.split(",") if each.strip()]
    if unknown := [each for each in names if each not in ARMS]:
        raise ValueError(f"no such arm: {', '.join(unknown)}; there are {', '.join(ARMS)}")
    return [each for each in ARMS if each in {EAGER, *names}]


def prepare(name, model):
    """The arm with a copy of the model. Raises Absent when it cannot run the model."""
    return ARMS[name](copy.deepcopy(model))
