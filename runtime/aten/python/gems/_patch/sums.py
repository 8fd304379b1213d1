"""Sums before norms in the source of a forward, and add_norm in their place."""

import ast
import copy

from . import layers, tree


def _sum(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)


def _skip_name(operator):
    return f"skip_{operator}"


def norms_of_sums(definition, norms: dict[str, str], names: dict) -> set[str]:
    """x = a + b; ...; self.norm(x), and self.norm(a + b). norms: attribute -> operator."""
    used = set()

    def within(node):
        attribute, argument = tree.call_of_own(node)
        if attribute in norms and _sum(argument):
            used.add(_skip_name(norms[attribute]))
            return tree.expression(f"_gems_add_norm(self.{attribute}, a, b)[0]", a=argument.left, b=argument.right)
        return None

    tree.replaced(definition, within)
    for block in tree.blocks(definition):
        for index in range(len(block)):
            used |= _norm_of_statement(block, index, norms)
    if used:
        names["_gems_add_norm"] = layers.add_norm
    return used


def _norm_of_statement(block, index, norms):
    """Block[index] is x = a + b: finds self.norm(x) behind copies of x and blocks of ifs."""
    name, value = tree.assigned(block[index])
    if name is None or not _sum(value):
        return set()
    end, branches = index + 1, []
    while end < len(block):
        copied, of = tree.assigned(block[end])
        if isinstance(block[end], ast.If) and not block[end].orelse:
            branches.append(block[end])
        elif copied is None or copied == name or tree.name_of(of) is None:
            break
        end += 1
    if end == len(block):
        return set()
    found = []
    result = f"_gems_norm_{block[index].lineno}"

    def use(node):
        attribute, argument = tree.call_of_own(node)
        if attribute not in norms or tree.name_of(argument) != name:
            return None
        found.append(attribute)
        if not branches:
            return ast.Name(result, ast.Load())
        return tree.expression(f"norm if {result} is None else {result}", norm=node)

    changed = tree.replaced(copy.deepcopy(block[end]), use) if not isinstance(block[end], ast.For | ast.While) else None
    if len(found) != 1:
        return set()
    block[end] = changed
    for branch in branches:
        branch.body += ast.parse(f"{result} = None").body
    pair = ast.Tuple([ast.Name(result, ast.Store()), ast.Name(name, ast.Store())], ast.Store())
    call = tree.expression(f"_gems_add_norm(self.{found[0]}, a, b)", a=value.left, b=value.right)
    block[index] = ast.copy_location(ast.Assign([pair], call), block[index])
    return {_skip_name(norms[found[0]])}
