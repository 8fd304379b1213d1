"""The arms of the benchmark: gems and its peers, each as something that makes a case's call.

An arm says why it cannot run here (its library is missing, the case has no such call) by raising Absent.
"""

import contextlib
import dataclasses
import importlib
import importlib.metadata
import logging
import warnings
from collections.abc import Callable

import torch


class Absent(Exception):
    """Why an arm does not run a case."""


@dataclasses.dataclass
class Prepared:
    """A call, its operands, and the scope that a round of calls is made in."""

    call: Callable
    sets: list
    scope: Callable = contextlib.nullcontext
    to_torch: Callable = lambda value: value


def _eager(case, dtype, sets):
    return Prepared(case.eager, sets)


def _compiled(options):
    def prepare(case, dtype, sets):
        function = case.compile or case.eager
        return Prepared(torch.compile(lambda *operands: function(*operands), dynamic=False, **options), sets)

    return prepare


def imported(name):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as error:
        raise Absent(f"{name} is not installed: {error}") from None


def _flaggems(case, dtype, sets):
    _needs_cuda(sets)
    flag_gems = imported("flag_gems")
    logging.getLogger("flag_gems").setLevel(logging.ERROR)
    call = case.eager if case.flaggems is None else lambda *operands: case.flaggems(flag_gems, *operands)

    @contextlib.contextmanager
    def scope():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # each registration warns
            with flag_gems.use_gems():
                yield

    return Prepared(call, sets, scope)


def _liger(case, dtype, sets):
    if case.liger is None:
        raise Absent("no such call")
    _needs_cuda(sets)
    liger_kernel = imported("liger_kernel")
    return Prepared(lambda *operands: case.liger(liger_kernel, *operands), sets)


def _cupy(case, dtype, sets):
    if case.cupy is None:
        raise Absent("no such call")
    _needs_cuda(sets)
    if case.family == "small":
        raise Absent("its stream is not the one that PyTorch's CUDA graph captures")
    cupy = imported("cupy")
    arrays = [[cupy.from_dlpack(tensor) for tensor in operands] for operands in sets]
    return Prepared(lambda *operands: case.cupy(cupy, *operands), arrays, to_torch=torch.from_dlpack)


def _jiterator(case, dtype, sets):
    if case.jiterator is None:
        raise Absent("no such call")
    _needs_cuda(sets)
    return Prepared(torch.cuda.jiterator._create_jit_fn(case.jiterator), sets)


def _gems(case, dtype, sets):
    import gems

    return Prepared(case.gems or case.eager, sets, gems.use_gems)


def _needs_cuda(sets):
    if not sets[0][0].is_cuda:
        raise Absent("CUDA only")


GEMS, AGAIN = "gems", "gems again"
COMPILED = ("compile", "compile autotuned")
ARMS = {
    "eager": _eager,
    "compile": _compiled({}),
    "compile autotuned": _compiled({"mode": "max-autotune-no-cudagraphs"}),
    "flaggems": _flaggems,
    "liger": _liger,
    "cupy": _cupy,
    "jiterator": _jiterator,
    GEMS: _gems,
}
PEERS = [name for name in ARMS if name != GEMS]
# What tables and pictures call them; the two modes of torch.compile count as one, by the faster.
LABELS = {
    "eager": "eager",
    "compile": "torch.compile",
    "flaggems": "FlagGems",
    "liger": "Liger",
    "cupy": "CuPy",
    "jiterator": "jiterator",
    GEMS: "gems",
}


def modes(label):
    """The arms that count as one under a label."""
    return COMPILED if label == "compile" else (label,)


def chosen(text):
    """Arms by their names, separated by commas: gems and eager always, "compile" for both of its modes."""
    names = [each.strip() for each in text.split(",") if each.strip()]
    unknown = [name for name in names if name not in ARMS]
    if unknown:
        raise ValueError(f"no such arm: {', '.join(unknown)}; there are {', '.join(ARMS)}")
    wanted = {"eager", GEMS, *names} | (set(COMPILED) if "compile" in names else set())
    return [name for name in ARMS if name in wanted]


def prepare(name, case, dtype, sets):
    """Raises Absent when the arm cannot run the case."""
    return ARMS[name](case, dtype, sets)


PACKAGES = {"flaggems": "flag-gems", "liger": "liger-kernel", "cupy": "cupy-cuda13x"}


def versions(names):
    """{library: version} of the arms that are installed."""
    found = {"torch": torch.__version__}
    for name in names:
        if name in PACKAGES:
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                found[PACKAGES[name]] = importlib.metadata.version(PACKAGES[name])
    return found
