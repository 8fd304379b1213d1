"""A function with another body: its source as a tree, and the same function made of a changed tree."""

import ast
import functools
import inspect
import textwrap
import types


class Unreadable(Exception):
    """Why a function's source can't be changed."""


def _innermost(function):
    """The function that was written, below decorators."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


@functools.lru_cache(maxsize=256)
def read(function) -> ast.FunctionDef:
    """The tree of a method's definition, with the line numbers of its file, without decorators; to be copied."""
    function = _innermost(function)
    if not isinstance(function, types.FunctionType):
        raise Unreadable("its forward is not written in Python")
    if function.__closure__:
        raise Unreadable(f"its forward uses {', '.join(function.__code__.co_freevars)} from around it")
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError) as error:
        raise Unreadable(f"its source can't be read: {error}") from None
    (definition,) = tree.body
    if not isinstance(definition, ast.FunctionDef):
        raise Unreadable("its forward is no plain function")
    ast.increment_lineno(tree, first - 1)
    definition.decorator_list = []
    return definition


def globals_of(function) -> dict:
    """The globals that a method's definition sees."""
    return getattr(_innermost(function), "__globals__", {})


def _compiled(function, definition, names):
    """The function that the definition makes, with the globals, defaults and annotations of the one it comes from."""
    factory = ast.FunctionDef(
        name="_factory", args=ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, []),
        body=[definition, ast.Return(ast.Name(definition.name, ast.Load()))], decorator_list=[],
    )  # fmt: skip
    for each in [*ast.walk(definition.args)]:
        if isinstance(each, ast.arg):
            each.annotation = None
    definition.returns = None
    definition.args.defaults = [ast.Constant(None) for _ in definition.args.defaults]
    definition.args.kw_defaults = [each and ast.Constant(None) for each in definition.args.kw_defaults]
    tree = ast.fix_missing_locations(ast.Module([factory], []))
    defined = {}
    exec(compile(tree, function.__code__.co_filename, "exec"), function.__globals__, defined)
    made = defined["_factory"](**names)
    functools.update_wrapper(made, function)
    del made.__wrapped__
    made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return made


def _rewrapped(function, innermost, made):
    """Decorators around `innermost` again, around `made`: their closures are copied, with the one function changed."""
    if function is innermost:
        return made
    wrapped = function.__wrapped__
    inner = _rewrapped(wrapped, innermost, made)
    cells = function.__closure__ or ()
    if sum(cell.cell_contents is wrapped for cell in cells) != 1:
        raise Unreadable(f"its decorator {function.__code__.co_name} doesn't keep what it wraps")
    closure = tuple(types.CellType(inner) if cell.cell_contents is wrapped else cell for cell in cells)
    copied = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, closure)
    copied.__kwdefaults__ = function.__kwdefaults__
    copied.__dict__.update(function.__dict__)
    functools.update_wrapper(copied, inner)
    return copied


def rebuilt(function, definition: ast.FunctionDef, names: dict):
    """`function` and its decorators, with the body of `definition`, which may also use `names`."""
    innermost = _innermost(function)
    return _rewrapped(function, innermost, _compiled(innermost, definition, names))
