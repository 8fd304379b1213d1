"""Gates in the source of a forward, and fused ones in their place."""

import ast
import itertools

from . import layers, tree


def gates(definition, activations: dict[str, tuple], names: dict) -> set[str]:
    """self.act(a) * b, b * self.act(a), x = self.act(a); ...; x * b, and the same of halves of one tensor. activations:
    attribute -> (activation, class)."""
    used = set()

    def called(attribute, is_swapped, made=layers.gate):
        activation, of_class = activations[attribute]
        used.add(layers.GATED[activation])
        name = f"_gems_{made.__name__}_{attribute}{'_swapped' if is_swapped else ''}"
        names[name] = made(activation, of_class, is_swapped)
        return name

    def gated(attribute, is_swapped, left, right):
        layer, x = tree.call_of_own(left)
        other, y = tree.call_of_own(right)
        if layer and other and tree.name_of(x) is not None and tree.name_of(x) == tree.name_of(y):
            name = called(attribute, is_swapped, layers.linear_gate)
            return tree.expression(f"{name}(self.{attribute}, x, self.{layer}, self.{other})", x=x)
        return tree.expression(f"{called(attribute, is_swapped)}(self.{attribute}, a, b)", a=left, b=right)

    def product(node):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
            return None
        attribute, argument = tree.call_of_own(node.left)
        if attribute in activations:
            return gated(attribute, False, argument, node.right)
        attribute, argument = tree.call_of_own(node.right)
        if attribute in activations:
            return gated(attribute, True, node.left, argument)
        return None

    for block in tree.blocks(definition):
        for statement, following in itertools.pairwise(block):
            used |= _packed_gate(definition, statement, following, activations, names)
        for index, statement in enumerate(block):
            name, value = tree.assigned(statement)
            attribute, argument = tree.call_of_own(value)
            if attribute in activations and _is_used_once(definition, name):
                factor = [each for later in block[index + 1 :] for each in ast.walk(later) if _is_product_of(each, name)]
                if factor:
                    side = "left" if tree.name_of(factor[0].left) == name else "right"
                    setattr(factor[0], side, tree.expression(f"self.{attribute}({name})"))
                    statement.value = argument
    tree.replaced(definition, product)
    return used


def _packed_gate(definition, statement, following, activations, names):
    """a, b = x.chunk(2, dim=-1); c = self.act(a) * b, or b * self.act(a), where a and b are not read again."""
    halves = _halves(statement)
    result, product = tree.assigned(following)
    if halves is None or not isinstance(product, ast.BinOp) or not isinstance(product.op, ast.Mult):
        return set()
    packed, pair = halves
    for side, other in ((product.left, product.right), (product.right, product.left)):
        attribute, argument = tree.call_of_own(side)
        if attribute not in activations or {tree.name_of(argument), tree.name_of(other)} != set(pair):
            continue
        if any(tree.count(definition, each, ast.Load) > 1 and each != result for each in pair):
            continue
        activation, of_class = activations[attribute]
        gate_last = tree.name_of(argument) == pair[1]
        name = f"_gems_packed_{attribute}{'_last' if gate_last else ''}"
        names[name] = layers.packed_gate(activation, of_class, gate_last)
        statement.targets = [ast.Name(pair[0], ast.Store())]
        statement.value = packed
        following.value = tree.expression(f"{name}(self.{attribute}, {pair[0]})")
        return {layers.GATED[activation]}
    return set()


def _halves(statement):
    """(x, [a, b]) of a, b = x.chunk(2, dim=-1)."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Tuple):
        return None
    pair, value = [tree.name_of(each) for each in statement.targets[0].elts], statement.value
    if len(pair) != 2 or pair[0] == pair[1] or None in pair or not isinstance(value, ast.Call):
        return None
    arguments = [ast.unparse(each) for each in value.args] + [ast.unparse(each.value) for each in value.keywords if each.arg == "dim"]
    if not isinstance(value.func, ast.Attribute) or value.func.attr != "chunk" or arguments != ["2", "-1"]:
        return None
    return value.func.value, pair


def _is_used_once(definition, name):
    """Whether the name is written once and read once."""
    return tree.count(definition, name, ast.Load) == 1 and tree.count(definition, name, ast.Store) == 1


def _is_product_of(node, name):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and name in (tree.name_of(node.left), tree.name_of(node.right))
