"""The modules of a model, one by one: which operators each can use, and its new class."""

import copy

import torch

from . import classes, gates, layers, logits, losses, recognition, source, sums, tree


class Walk:
    """One call of patch()."""

    def __init__(self, model, selected) -> None:
        self.model, self.selected = model, selected
        self.replaced, self.left = {}, {}
        self.norms = {}  # (class, eps, parameters) -> Norm
        self.rewrites = {}  # what rewrite() was asked -> its answer
        self.has_known_angles = None

    def record(self, table, module, what, path):
        table.setdefault((type(module).__name__, what), []).append(path)

    def norm(self, module):
        """The Norm that a module is."""
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
        if made is type(module):
            return
        if "forward" in module.__dict__:
            self.record(self.left, module, "it has a forward of its own, which something has set", path)
            return
        module.__class__ = made
        for operator in sorted(operators):
            self.record(self.replaced, module, operator, path)

    def made(self, path, module, norm, activation):
        """(class, operators) for the module; no operators: nothing to tell."""
        of_class = type(module)
        if norm:
            return self.made_norm(of_class, norm)
        if not activation:
            return self.rewritten(path, module)
        name, calls = activation
        if calls < 2 or name[0] not in self.selected:
            return of_class, set()
        return classes.made(of_class, name, lambda: layers.activation_forward(of_class.forward, name)), {name[0]}

    def made_norm(self, of_class, norm):
        """Its class tells add_norm what it is, also where its own forward stays."""
        operators = {norm.operator} & self.selected
        if not operators and f"skip_{norm.operator}" not in self.selected:
            return of_class, operators
        forward = layers.norm_forward(of_class.forward, norm) if operators else of_class.forward
        return classes.made(of_class, (norm, bool(operators)), lambda: forward, _gems_norm=layers.of_norm(norm)), operators

    def rewritten(self, path, module):
        """The class of a module whose forward has one of the patterns."""
        of_class, children = type(module), {name: child for name, child in module._modules.items() if child is not None}
        if not children or isinstance(module, torch.nn.Sequential | torch.nn.ModuleList | torch.nn.ModuleDict):
            return of_class, set()
        norms = {name: norm.operator for name, child in children.items() if (norm := self.norm(child))}
        norms = {name: operator for name, operator in norms.items() if f"skip_{operator}" in self.selected}
        activations = {}
        for name, child in children.items():
            known = recognition.activation(child)
            if known and layers.GATED.get(known[0]) in self.selected:
                activations[name] = (known[0], type(child))
        try:
            definition = source.read(of_class.forward)
        except source.Unreadable:
            if norms or activations:
                raise
            return of_class, set()
        is_causal = logits.has_loss(definition) and losses.has_causal_loss(module)
        heads = {name for name, child in children.items() if type(child) is torch.nn.Linear} if is_causal else set()
        key = (of_class, frozenset(norms.items()), frozenset(activations.items()), frozenset(heads), is_causal)
        if key not in self.rewrites:
            self.rewrites[key] = self.rewrite(of_class, definition, norms, activations, heads, is_causal)
        made, operators, why = self.rewrites[key]
        if why:
            self.record(self.left, module, why, path)
        return made, operators

    def rewrite(self, of_class, original, norms, activations, heads, is_causal):
        """(class, operators, what was left)."""
        functions = self.functions(of_class, tree.called_names(original))
        names, definition, why = {}, copy.deepcopy(original), None
        operators = sums.norms_of_sums(definition, norms, names) | gates.gates(definition, activations, names)
        tree.replace_functions(definition, {name: function for name, (function, _) in functions.items()}, names)
        operators |= {operator for _, operator in functions.values()}
        deferred = set()
        if heads and "linear_cross_entropy" in self.selected:
            deferred = logits.deferred_logits(definition, heads, names)
            if deferred is None:
                why = "its logits are read elsewhere, too, and can't be left out"
        if deferred or (is_causal and "cross_entropy" in self.selected):
            of_loss = logits.loss_of_logits(definition, names)
            operators |= deferred or of_loss
        if not operators:
            return of_class, operators, why
        key = (frozenset(names), frozenset(operators), frozenset(norms.items()), frozenset(activations.items()))
        return classes.made(of_class, key, lambda: source.rebuilt(of_class.forward, definition, names)), operators, why

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
