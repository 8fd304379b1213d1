"""Which ATen operators gems serves: for the process, or for a block of code."""

import contextlib
import ctypes
import threading

from ._library import check, library


def _patterns(selection):
    """None stays None (all, or none); a name, a glob, a comma-separated string or a list of them becomes one string."""
    if selection is None:
        return None
    if isinstance(selection, str):
        return selection.encode()
    names = list(selection)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"gems: include and exclude take names of ATen operators, got {name!r} of type {type(name).__name__}")
    return ",".join(names).encode()


def enable(include: str | list[str] | None = None, exclude: str | list[str] | None = None) -> None:
    """Switches ATen operators to gems in all threads, until disable().

    include, exclude: ATen names ("add.Tensor", or "add" for all overloads of that operator) or globs ("add*"), as a
    string (several separated by commas) or a list. Default: all operators; those excluded are switched off, those not
    named stay as they are. Call it for the first time before other threads use PyTorch: the first call registers the
    overrides with PyTorch's dispatcher.
    """
    check(library.gems_torch_enable(_patterns(include), _patterns(exclude)))


def only_enable(include: str | list[str] | None = None) -> None:
    """As enable(include), and switches every other operator off."""
    check(library.gems_torch_only_enable(_patterns(include)))


def disable() -> None:
    """Switches all operators off in all threads, except inside of use_gems blocks."""
    library.gems_torch_disable()


def is_enabled(op: str | list[str] | None = None) -> bool:
    """Whether any operator is switched on in this thread; with a name or glob, whether all that it matches are."""
    answer = ctypes.c_int()
    check(library.gems_torch_is_enabled(_patterns(op), answer))
    return bool(answer.value)


def all_ops() -> list[str]:
    """The ATen overloads that gems can serve, sorted: ["add.Tensor", "add.out", "add_.Tensor", ...]."""
    return library.gems_torch_all_ops().decode().split()


class use_gems(contextlib.ContextDecorator):
    """with gems.use_gems(include=..., exclude=...): as enable(), for this thread and the autograd work it starts.

    Blocks nest: inside, what include names is on and what exclude names is off; all else is as outside. Also a decorator.
    """

    def __init__(self, include: str | list[str] | None = None, exclude: str | list[str] | None = None) -> None:
        self._include, self._exclude = _patterns(include), _patterns(exclude)
        self._entered = threading.local()  # one object may be entered in several threads, and again within itself

    def __enter__(self) -> "use_gems":
        before = ctypes.c_uint16()
        check(library.gems_torch_enter(self._include, self._exclude, before))
        self._entered.before = (before.value, getattr(self._entered, "before", None))
        return self

    def __exit__(self, *error: object) -> None:
        before, self._entered.before = self._entered.before
        library.gems_torch_leave(before)

    def _recreate_cm(self) -> "use_gems":
        return self  # a decorated function enters anew on each call, in whatever thread
