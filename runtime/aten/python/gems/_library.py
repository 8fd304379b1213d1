"""Finds libgems_torch.so, checks that it was built for the installed PyTorch, and loads it."""

import ctypes
import mmap
import os
import pathlib
import re

import torch

_NAME = "libgems_torch.so"
_BUILT_FOR = b"gems_torch was built for torch "


def find_library():
    """GEMS_LIBRARY, else beside this file (installed), else build/lib of the checkout that this file is in."""
    given = os.environ.get("GEMS_LIBRARY")
    if given:
        if not os.path.exists(given):
            raise ImportError(f"gems: GEMS_LIBRARY names {given}, which does not exist; point it at {_NAME} or unset it")
        return pathlib.Path(given)
    here = pathlib.Path(__file__).resolve()
    places = [here.parent / _NAME]
    if len(here.parents) > 4:
        places.append(here.parents[4] / "build" / "lib" / _NAME)
    for place in places:
        if place.exists():
            return place
    looked = ", ".join(str(place) for place in places)
    raise ImportError(f"gems: no {_NAME}; looked at {looked}. Build it (README.md) or set GEMS_LIBRARY to its path")


def built_for(path):
    """The PyTorch version that a library was built for, read from the file without loading it; None if it has no such note."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(_BUILT_FOR)
        if at < 0:
            return None
        note = content[at + len(_BUILT_FOR) : at + len(_BUILT_FOR) + 32]
    return re.match(rb"[0-9.]*[0-9]", note).group().decode()


def check_version(path, found):
    """Raises ImportError unless the library was built for this PyTorch: its C++ interface changes with every release."""
    built = built_for(path)
    if built != found.split("+")[0]:
        raise ImportError(
            f"gems: {path} was built for torch {built or 'of an unknown version'}, found torch {found}. "
            f"Install torch {built}, or rebuild gems with this Python: cmake -DGEMS_PYTHON=<python>"
        )


def load():
    """The library, with the types of its functions set."""
    path = find_library()
    check_version(path, torch.__version__)
    torch.ops.load_library(str(path))
    # PyDLL keeps the interpreter's lock: no other Python thread starts an operator while overrides are registered.
    library = ctypes.PyDLL(str(path))
    text, marker = ctypes.c_char_p, ctypes.c_uint16
    for name, result, *arguments in (
        ("enable", text, text, text),
        ("only_enable", text, text),
        ("disable", None),
        ("enter", text, text, text, ctypes.POINTER(marker)),
        ("leave", None, marker),
        ("is_enabled", text, text, ctypes.POINTER(ctypes.c_int)),
        ("all_ops", text),
        ("report", text),
        ("reset_report", None),
        ("refusal", text, text),
    ):
        function = getattr(library, f"gems_torch_{name}")
        function.restype, function.argtypes = result, arguments
    return library


library = load()


def check(error):
    """Raises the error that a function of the library returned, if it did."""
    if error is not None:
        raise ValueError(error.decode())
