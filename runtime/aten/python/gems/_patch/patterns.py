"""Patterns in the source of a forward, and what takes their place. Each function changes the tree of a definition, adds the
names that the changed source uses, and returns the operators that it now calls."""

import ast
import copy

from . import layers, losses


def _attribute(node):
    """NAME of self.NAME."""
    is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if is_own else None


def _call_of_own(node):
    """(NAME, argument) of self.NAME(argument)."""
    if isinstance(node, ast.Call) and _attribute(node.func) and len(node.args) == 1 and not node.keywords:
        if not isinstance(node.args[0], ast.Starred):
            return _attribute(node.func), node.args[0]
    return None, None


def _name(node):
    return node.id if isinstance(node, ast.Name) else None


def _assigned(statement):
    """(name, value) of NAME = VALUE."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and _name(statement.targets[0]):
        return statement.targets[0].id, statement.value
    return None, None


def _expression(text, **holes):
    """The text as a tree, with trees in the place of names."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node):
            return copy.deepcopy(holes[node.id]) if node.id in holes else node

    return Fill().visit(ast.parse(text, mode="eval").body)


def _replaced(tree, change):
    """The tree with change(node) in the place of the nodes for which it is not None, innermost first."""

    class Replace(ast.NodeTransformer):
        def visit(self, node):
            node = self.generic_visit(node)
            new = change(node)
            return node if new is None else ast.copy_location(new, node)

    return Replace().visit(tree)


def _blocks(definition):
    """The lists of statements, those of nested blocks too, but not those of nested functions."""
    waiting = [definition]
    while waiting:
        node = waiting.pop()
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block:
                yield block
                waiting += [each for each in block if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]


def _sum(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)


def _skip_name(operator):
    return f"skip_{operator}"


def norms_of_sums(definition, norms: dict[str, str], names: dict) -> set[str]:
    """x = a + b; ...; self.norm(x), and self.norm(a + b). norms: attribute -> operator."""
    used = set()

    def within(node):
        attribute, argument = _call_of_own(node)
        if attribute in norms and _sum(argument):
            used.add(_skip_name(norms[attribute]))
            return _expression(f"_gems_add_norm(self.{attribute}, a, b)[0]", a=argument.left, b=argument.right)
        return None

    _replaced(definition, within)
    for block in _blocks(definition):
        index = 0
        while index < len(block):
            used |= _norm_of_statement(block, index, norms)
            index += 1
    if used:
        names["_gems_add_norm"] = layers.add_norm
    return used


def _norm_of_statement(block, index, norms):
    """Block[index] is x = a + b: finds self.norm(x) behind copies of x and blocks of ifs."""
    name, value = _assigned(block[index])
    if name is None or not _sum(value):
        return set()
    end, branches = index + 1, []
    while end < len(block):
        copied, of = _assigned(block[end])
        if isinstance(block[end], ast.If) and not block[end].orelse:
            branches.append(block[end])
        elif copied is None or copied == name or _name(of) is None:
            break
        end += 1
    if end == len(block):
        return set()
    found = []
    result = f"_gems_norm_{block[index].lineno}"

    def use(node):
        attribute, argument = _call_of_own(node)
        if attribute not in norms or _name(argument) != name:
            return None
        found.append(attribute)
        if not branches:
            return ast.Name(result, ast.Load())
        return _expression(f"norm if {result} is None else {result}", norm=node)

    changed = _replaced(copy.deepcopy(block[end]), use) if not isinstance(block[end], ast.For | ast.While) else None
    if len(found) != 1:
        return set()
    block[end] = changed
    for branch in branches:
        branch.body += ast.parse(f"{result} = None").body
    pair = ast.Tuple([ast.Name(result, ast.Store()), ast.Name(name, ast.Store())], ast.Store())
    call = _expression(f"_gems_add_norm(self.{found[0]}, a, b)", a=value.left, b=value.right)
    block[index] = ast.copy_location(ast.Assign([pair], call), block[index])
    return {_skip_name(norms[found[0]])}


def gates(definition, activations: dict[str, tuple], names: dict) -> set[str]:
    """self.act(a) * b, b * self.act(a), and x = self.act(a); ...; x * b. activations: attribute -> (activation, class)."""
    used = set()

    def called(attribute, is_swapped):
        activation, of_class = activations[attribute]
        used.add(layers.GATED[activation])
        name = f"_gems_gate_{attribute}{'_swapped' if is_swapped else ''}"
        names[name] = layers.gate(activation, of_class, is_swapped)
        return name

    def product(node):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
            return None
        attribute, argument = _call_of_own(node.left)
        if attribute in activations:
            return _expression(f"{called(attribute, False)}(self.{attribute}, a, b)", a=argument, b=node.right)
        attribute, argument = _call_of_own(node.right)
        if attribute in activations:
            return _expression(f"{called(attribute, True)}(self.{attribute}, a, b)", a=node.left, b=argument)
        return None

    for block in _blocks(definition):
        for statement in block:
            name, value = _assigned(statement)
            attribute, argument = _call_of_own(value)
            if attribute in activations and _is_used_once(definition, name):
                factor = [each for each in ast.walk(definition) if _is_product_of(each, name)]
                if factor and any(factor[0] in ast.walk(later) for later in block[block.index(statement) + 1 :]):
                    side = "left" if _name(factor[0].left) == name else "right"
                    setattr(factor[0], side, _expression(f"self.{attribute}({name})"))
                    statement.value = argument
    _replaced(definition, product)
    return used


def _is_used_once(definition, name):
    """Whether the name is written once and read once."""
    contexts = [type(each.ctx) for each in ast.walk(definition) if isinstance(each, ast.Name) and each.id == name]
    return sorted(each.__name__ for each in contexts) == ["Load", "Store"]


def _is_product_of(node, name):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and name in (_name(node.left), _name(node.right))


def functions(definition, known: dict, names: dict) -> None:
    """Calls of global functions: name -> function that takes its place."""

    def called(node):
        if isinstance(node, ast.Call) and _name(node.func) in known:
            names[f"_gems_{node.func.id}"] = known[node.func.id]
            node.func = ast.Name(f"_gems_{node.func.id}", ast.Load())
        return None

    _replaced(definition, called)


def called_names(definition) -> set[str]:
    """The global names that are called."""
    return {_name(node.func) for node in ast.walk(definition) if isinstance(node, ast.Call) and _name(node.func)}


def has_loss(definition) -> bool:
    """Whether self.loss_function is called."""
    return any(isinstance(node, ast.Call) and _attribute(node.func) == "loss_function" for node in ast.walk(definition))


def loss_of_logits(definition, names: dict) -> set[str]:
    """self.loss_function(logits, ...)."""
    used = set()

    def called(node):
        if isinstance(node, ast.Call) and _attribute(node.func) == "loss_function":
            used.add("cross_entropy")
            node.args.insert(0, node.func)
            node.func = ast.Name("_gems_loss", ast.Load())
        return None

    _replaced(definition, called)
    if used:
        names["_gems_loss"] = losses.loss
    return used


def deferred_logits(definition, heads: set[str], names: dict) -> set[str] | None:
    """logits = self.head(hidden), read by self.loss_function and by keywords logits= alone. None: a loss of logits that are
    read elsewhere, too."""
    if "labels" not in [each.arg for each in definition.args.args + definition.args.kwonlyargs]:
        return set()
    for block in _blocks(definition):
        for statement in block:
            name, value = _assigned(statement)
            attribute, argument = _call_of_own(value)
            if attribute in heads:
                return _deferred(definition, statement, name, attribute, argument, names)
    return set()


def _deferred(definition, statement, name, attribute, argument, names):
    of_loss = [each for each in ast.walk(definition) if isinstance(each, ast.Call) and _attribute(each.func) == "loss_function"]
    if len(of_loss) != 1:
        return set()
    (call,) = of_loss
    read_by_loss = [each for each in call.args + [keyword.value for keyword in call.keywords] if _name(each) == name]
    returned = [
        each for each in ast.walk(definition) if isinstance(each, ast.keyword) and each.arg == "logits" and _name(each.value) == name
    ]
    returned = [each for each in returned if each not in call.keywords]
    reads = [each for each in ast.walk(definition) if isinstance(each, ast.Name) and each.id == name]
    if len(read_by_loss) != 1 or len(reads) != 2 + len(returned):
        return None
    statement.value = ast.copy_location(_expression(f"_gems_head(self, self.{attribute}, a, labels)", a=argument), statement.value)
    for each in returned:
        each.value = _expression("_gems_made_logits(a)", a=each.value)
    names["_gems_head"], names["_gems_made_logits"] = losses.head, losses.made_logits
    return {"linear_cross_entropy"}
