"""Looking at the tree of a function, and changing it."""

import ast
import copy


def own_name(node):
    """NAME of self.NAME."""
    is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if is_own else None


def call_of_own(node):
    """(NAME, argument) of self.NAME(argument)."""
    if isinstance(node, ast.Call) and own_name(node.func) and len(node.args) == 1 and not node.keywords:
        if not isinstance(node.args[0], ast.Starred):
            return own_name(node.func), node.args[0]
    return None, None


def name_of(node):
    return node.id if isinstance(node, ast.Name) else None


def assigned(statement):
    """(name, value) of NAME = VALUE."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and name_of(statement.targets[0]):
        return statement.targets[0].id, statement.value
    return None, None


def expression(text, **holes):
    """The text as a tree, with trees in the place of names."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node):
            return copy.deepcopy(holes[node.id]) if node.id in holes else node

    return Fill().visit(ast.parse(text, mode="eval").body)


def replaced(tree, change):
    """The tree with change(node) in the place of the nodes for which it is not None, innermost first."""

    class Replace(ast.NodeTransformer):
        def visit(self, node):
            node = self.generic_visit(node)
            new = change(node)
            return node if new is None else ast.copy_location(new, node)

    return Replace().visit(tree)


def blocks(definition):
    """The lists of statements, those of nested blocks too, but not those of nested functions."""
    waiting = [definition]
    while waiting:
        node = waiting.pop()
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block:
                yield block
                waiting += [each for each in block if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]


def count(definition, name, context):
    return sum(isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, context) for each in ast.walk(definition))


def replace_functions(definition, known: dict, names: dict) -> None:
    """Calls of global functions: name -> function that takes its place."""

    def called(node):
        if isinstance(node, ast.Call) and name_of(node.func) in known:
            names[f"_gems_{node.func.id}"] = known[node.func.id]
            node.func = ast.Name(f"_gems_{node.func.id}", ast.Load())
        return None

    replaced(definition, called)


def called_names(definition) -> set[str]:
    """The global names that are called."""
    return {name_of(node.func) for node in ast.walk(definition) if isinstance(node, ast.Call) and name_of(node.func)}
