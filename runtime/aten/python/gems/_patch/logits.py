"""Logits and their loss in the source of a forward, and losses that read them once, or not at all, in their place."""

import ast

from . import losses, tree


def has_loss(definition) -> bool:
    """Whether self.loss_function is called."""
    return any(isinstance(node, ast.Call) and tree.own_name(node.func) == "loss_function" for node in ast.walk(definition))


def loss_of_logits(definition, names: dict) -> set[str]:
    """self.loss_function(logits, ...)."""
    used = set()

    def called(node):
        if isinstance(node, ast.Call) and tree.own_name(node.func) == "loss_function":
            used.add("cross_entropy")
            node.args.insert(0, node.func)
            node.func = ast.Name("_gems_loss", ast.Load())
        return None

    tree.replaced(definition, called)
    if used:
        names["_gems_loss"] = losses.loss
    return used


def deferred_logits(definition, heads: set[str], names: dict) -> set[str] | None:
    """logits = self.head(hidden), read by self.loss_function and by keywords logits= alone. None: a loss of logits that are
    read elsewhere, too."""
    if "labels" not in [each.arg for each in definition.args.args + definition.args.kwonlyargs]:
        return set()
    for block in tree.blocks(definition):
        for statement in block:
            name, value = tree.assigned(statement)
            attribute, argument = tree.call_of_own(value)
            if attribute in heads:
                return _deferred(definition, statement, name, attribute, argument, names)
    return set()


def _deferred(definition, statement, name, attribute, argument, names):
    of_loss = [each for each in ast.walk(definition) if isinstance(each, ast.Call) and tree.own_name(each.func) == "loss_function"]
    if len(of_loss) != 1:
        return set()
    (call,) = of_loss
    read_by_loss = [each for each in call.args + [keyword.value for keyword in call.keywords] if tree.name_of(each) == name]
    returned = [
        each for each in ast.walk(definition) if isinstance(each, ast.keyword) and each.arg == "logits" and tree.name_of(each.value) == name
    ]
    returned = [each for each in returned if each not in call.keywords]
    reads = [each for each in ast.walk(definition) if isinstance(each, ast.Name) and each.id == name]
    if len(read_by_loss) != 1 or len(reads) != 2 + len(returned):
        return None
    statement.value = ast.copy_location(tree.expression(f"_gems_head(self, self.{attribute}, a, labels)", a=argument), statement.value)
    for each in returned:
        each.value = tree.expression("_gems_made_logits(a)", a=each.value)
    names["_gems_head"], names["_gems_made_logits"] = losses.head, losses.made_logits
    return {"linear_cross_entropy"}
