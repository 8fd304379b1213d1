"""gems.patch: fused operators in the place of what modules of a model do in several passes."""

import fnmatch

import torch

from .report import Change, Left, PatchReport
from .walk import Walk

__all__ = ["Change", "Left", "PatchReport", "patch", "unpatch"]

OPERATORS = (
    "rms_norm", "layer_norm", "gemma_rms_norm", "skip_rms_norm", "skip_layer_norm", "skip_gemma_rms_norm", "silu_and_mul", "gelu_and_mul", "gelu", "quick_gelu",
    "relu_squared", "rotary_embedding", "cross_entropy", "linear_cross_entropy",
)  # fmt: skip

def _names(selection, argument):
    """The operators that a selection names: a name or glob, several separated by commas, or a list of them."""
    if selection is None:
        return None
    given = [each.strip() for each in selection.split(",")] if isinstance(selection, str) else list(selection)
    found = set()
    for pattern in given:
        matching = fnmatch.filter(OPERATORS, pattern)
        if not matching:
            raise ValueError(f"gems.patch: {argument} names {pattern!r}, which is none of {', '.join(OPERATORS)}")
        found.update(matching)
    return found


def patch(model: torch.nn.Module, include: str | list[str] | None = None, exclude: str | list[str] | None = None) -> PatchReport:
    """Lets the modules of a model compute with fused operators, in place, where that gives what they compute now.

    What a module is, is found by what it computes (norms, activations, rotary embeddings are tried on small inputs) and by
    the source of its forward (residual sums before norms, gates, losses of logits), not by its name. Parameters, buffers,
    state dicts, names and hooks stay; a module becomes one of a subclass with the same name. A saved or pickled model is
    the original one. While training with labels, what computes its loss from a linear layer returns logits of None:
    exclude="linear_cross_entropy" keeps them.

    include, exclude: operators, as the report names them ("rms_norm", "skip_*", several separated by commas, or a list);
    default: all. Patching again starts over. Returns what was replaced, and what was left and why. Raises TypeError of what
    is no module, ValueError of an unknown operator.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"gems.patch: expected a torch.nn.Module, given {type(model).__name__}")
    included, excluded = _names(include, "include"), _names(exclude, "exclude")
    selected = (set(OPERATORS) if included is None else included) - (excluded or set())
    unpatch(model)
    walk = Walk(model, selected)
    for path, module in list(model.named_modules()):
        walk.change(path, module)
    return PatchReport(
        tuple(Change(name, what, tuple(paths)) for (name, what), paths in walk.replaced.items()),
        tuple(Left(name, why, tuple(paths)) for (name, why), paths in walk.left.items()),
    )


def unpatch(model: torch.nn.Module) -> None:
    """Undoes gems.patch(model). Raises RuntimeError where something has changed a module's class since (fully_shard does)."""
    patched = [(path, each) for path, each in model.named_modules() if hasattr(type(each), "_gems_original")]
    for path, module in patched:
        if "_gems_original" not in type(module).__dict__:
            raise RuntimeError(
                f"gems.unpatch: the class of '{path}' ({type(module).__name__}) was changed after gems.patch, by fully_shard or the "
                f"like: unpatch before that"
            )
    for _, module in patched:
        module.__class__ = type(module)._gems_original
