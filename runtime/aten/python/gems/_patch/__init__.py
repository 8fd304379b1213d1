"""gems.patch: fused operators in the place of what modules of a model do in several passes."""

import copy
import copyreg
import fnmatch
import weakref

import torch

from . import layers, losses, patterns, recognition, source
from .report import Change, Left, PatchReport

__all__ = ["Change", "Left", "PatchReport", "patch", "unpatch"]

OPERATORS = (
    "rms_norm", "layer_norm", "skip_rms_norm", "skip_layer_norm", "silu_and_mul", "gelu_and_mul", "gelu", "quick_gelu",
    "relu_squared", "rotary_embedding", "cross_entropy", "linear_cross_entropy",
)  # fmt: skip

# Class -> what is done to it -> the class that does it.
_classes = weakref.WeakKeyDictionary()


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


def _subclass(of_class, forward, **attributes):
    """A class of the same name with another forward. A pickled module is one of the original class."""

    def __reduce_ex__(self, protocol):
        return copyreg._reconstructor, (of_class, object, None), of_class.__reduce_ex__(self, protocol)[2]

    def __deepcopy__(self, memo):
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__dict__ = copy.deepcopy(self.__dict__, memo)
        return copied

    namespace = {
        "__module__": of_class.__module__, "__qualname__": of_class.__qualname__, "__doc__": of_class.__doc__,
        "__reduce_ex__": __reduce_ex__, "__deepcopy__": __deepcopy__, "_gems_original": of_class, "forward": forward, **attributes,
    }  # fmt: skip
    return type(of_class.__name__, (of_class,), namespace)


def _made(of_class, key, make):
    """The class that make() returns, one for each key."""
    known = _classes.setdefault(of_class, {})
    made = known[key]() if key in known else None
    if made is None:
        made = make()
        known[key] = weakref.ref(made)
    return made


class _Walk:
    """One call of patch()."""

    def __init__(self, model, selected) -> None:
        self.model, self.selected = model, selected
        self.replaced, self.left = {}, {}
        self.norms = {}  # (class, eps) -> Norm
        self.has_known_angles = None

    def record(self, table, module, what, path):
        table.setdefault((_name_of(module), what), []).append(path)

    def norm(self, module):
        """The Norm that a module is, if the operator is selected."""
        if "norm" not in type(module).__name__.lower():
            return None
        eps = next((module.__dict__[name] for name in recognition.EPS_NAMES if name in module.__dict__), None)
        key = (type(module), eps, tuple(name for name, value in module._parameters.items() if value is not None))
        if key not in self.norms:
            self.norms[key] = recognition.norm(module)
        return self.norms[key]

    def change(self, path, module):
        """Changes the module's class, and records it."""
        norm = self.norm(module)
        if norm is None and "norm" in type(module).__name__.lower() and module._parameters.get("weight") is not None:
            self.record(self.left, module, "it computes no norm of rows that gems has", path)
            return
        activation = None if norm else recognition.activation(module)
        try:
            made, operators = self.made(path, module, norm, activation)
        except source.Unreadable as error:
            self.record(self.left, module, str(error), path)
            return
        if not operators:
            return
        if "forward" in module.__dict__:
            self.record(self.left, module, "it has a forward of its own, which something has set", path)
            return
        module.__class__ = made
        for operator in sorted(operators):
            self.record(self.replaced, module, operator, path)

    def made(self, path, module, norm, activation):
        """(class, operators) for the module; no operators: it stays."""
        of_class = type(module)
        if norm:
            if norm.operator not in self.selected:
                return of_class, set()
            make = lambda: _subclass(of_class, layers.norm_forward(of_class.forward, norm), _gems_norm=layers.of_norm(norm))  # noqa: E731
            return _made(of_class, norm, make), {norm.operator}
        if activation:
            name, calls = activation
            if calls < 2 or name[0] not in self.selected:
                return of_class, set()
            make = lambda: _subclass(of_class, layers.activation_forward(of_class.forward, name))  # noqa: E731
            return _made(of_class, name, make), {name[0]}
        return self.rewritten(path, module)

    def rewritten(self, path, module):
        of_class, children = type(module), module._modules
        if not children or isinstance(module, torch.nn.Sequential | torch.nn.ModuleList | torch.nn.ModuleDict):
            return of_class, set()
        norms = {name: norm.operator for name, child in children.items() if child is not None and (norm := self.norm(child))}
        norms = {name: operator for name, operator in norms.items() if f"skip_{operator}" in self.selected}
        activations = {}
        for name, child in children.items():
            known = recognition.activation(child) if child is not None else None
            if known and known[0] in layers.GATED and layers.GATED[known[0]] in self.selected:
                activations[name] = (known[0], type(child))
        try:
            tree = source.read(of_class.forward)
        except source.Unreadable:
            if norms or activations:
                raise
            return of_class, set()
        is_causal = patterns.has_loss(tree) and losses.has_causal_loss(module)
        heads = {name for name, child in children.items() if type(child) is torch.nn.Linear}
        heads = heads if is_causal and "linear_cross_entropy" in self.selected else set()
        functions = self.functions(of_class, patterns.called_names(tree))
        names, definition = {}, copy.deepcopy(tree)
        operators = patterns.norms_of_sums(definition, norms, names) | patterns.gates(definition, activations, names)
        patterns.functions(definition, {name: function for name, (function, _) in functions.items()}, names)
        operators |= {operator for _, operator in functions.values()}
        deferred = patterns.deferred_logits(definition, heads, names)
        if deferred is None:
            self.record(self.left, module, "its logits are read elsewhere, too, and can't be left out", path)
        if deferred or (is_causal and "cross_entropy" in self.selected):
            of_loss = patterns.loss_of_logits(definition, names)
            operators |= deferred or of_loss
        if not operators:
            return of_class, operators
        key = (frozenset(norms.items()), frozenset(activations.items()), frozenset(heads), frozenset(functions), frozenset(operators))
        forward = _made_forward(of_class, definition, names)
        return _made(of_class, key, lambda: _subclass(of_class, forward)), operators

    def functions(self, of_class, called):
        """Name -> (function, operator) of the global functions that have an operator."""
        of_module, found = source.globals_of(of_class.forward), {}
        for name in called:
            function = of_module.get(name)
            if function is torch.nn.CrossEntropyLoss and "cross_entropy" in self.selected:
                found[name] = losses.CrossEntropyLoss, "cross_entropy"
            elif "rotary" in name and callable(function) and "rotary_embedding" in self.selected:
                widths = recognition.rotary(function)
                if recognition.WIDTH in widths and self.angles_repeat():
                    found[name] = layers.rotary(function, len(widths) == 2), "rotary_embedding"
        return found

    def angles_repeat(self):
        """Whether all angles that the model computes have equal halves, which its rotary functions leave open."""
        if self.has_known_angles is None:
            of_model = [each for each in self.model.modules() if any("inv_freq" in name for name in each._buffers)]
            self.has_known_angles = bool(of_model) and all(recognition.has_equal_halves(each) for each in of_model)
        return self.has_known_angles


def _made_forward(of_class, definition, names):
    return source.rebuilt(of_class.forward, definition, names)


def _name_of(module):
    return type(module).__name__


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
    walk = _Walk(model, selected)
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
                f"gems.unpatch: the class of '{path}' ({_name_of(module)}) was changed after gems.patch, by fully_shard or the "
                f"like: unpatch before that"
            )
    for _, module in patched:
        module.__class__ = type(module)._gems_original
