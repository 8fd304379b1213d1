"""Finds libgems_torch.so, checks that it was built for the installed PyTorch and for this package, and loads it."""

import ctypes
import mmap
import os
import pathlib
import re

import torch

_NAME = "libgems_torch.so"
_BUILT_FOR = b"gems_torch was built for torch "
INTERFACE = 2  # of the functions below, as in runtime/aten/lib/c_api.cpp
_text, _marker = ctypes.c_char_p, ctypes.c_uint16
# Name after gems_torch_, type of the result, types of the arguments.
FUNCTIONS = (
    ("enable", _text, _text, _text),
    ("only_enable", _text, _text),
    ("disable", None),
    ("enter", _text, _text, _text, ctypes.POINTER(_marker)),
    ("leave", None, _marker),
    ("is_enabled", _text, _text, ctypes.POINTER(ctypes.c_int)),
    ("all_ops", _text),
    ("report", _text),
    ("reset_report", None),
    ("refusal", _text, _text),
    ("operators", _text),
    ("trace", _text, _text, _text, ctypes.POINTER(_text)),
)


def find_library():
    """GEMS_LIBRARY, else beside this file (installed), else build/lib of the checkout that this file is in."""
    given = os.environ.get("GEMS_LIBRARY")
    if given:
        if not os.path.isfile(given) or os.path.getsize(given) == 0:
            wrong = "is a folder" if os.path.isdir(given) else "is empty" if os.path.exists(given) else "does not exist"
            raise ImportError(f"gems: GEMS_LIBRARY names {given}, which {wrong}; point it at {_NAME} or unset it")
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
    """The PyTorch version and the interface of a library, read from the file without loading it; None where it says nothing."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(_BUILT_FOR)
        if at < 0:
            return None, None
        note = content[at + len(_BUILT_FOR) : at + len(_BUILT_FOR) + 48]
    torch_version, interface = re.match(rb"([0-9.]*[0-9])(?:, interface ([0-9]+))?", note).groups()
    return torch_version.decode(), int(interface) if interface else None


def check_version(path, found):
    """Raises ImportError unless the library was built for this package and this PyTorch, whose C++ interface changes with
    every release."""
    torch_version, interface = built_for(path)
    if interface != INTERFACE:
        raise ImportError(
            f"gems: {path} has interface {interface or 'of an unknown number'}, and this Python package "
            f"({pathlib.Path(__file__).parent}) needs {INTERFACE}: they belong to different versions of gems. Rebuild the "
            f"library from the package's own checkout, or point GEMS_LIBRARY at the library that came with the package"
        )
    if torch_version != found.split("+")[0]:
        raise ImportError(
            f"gems: {path} was built for torch {torch_version}, found torch {found}. "
            f"Install torch {torch_version}, or rebuild gems with this Python: cmake -DGEMS_PYTHON=<python>"
        )


def load():
    """The library, with the types of its functions set."""
    path = find_library()
    check_version(path, torch.__version__)
    torch.ops.load_library(str(path))
    # PyDLL keeps the interpreter's lock: no other Python thread starts an operator while overrides are registered.
    library = ctypes.PyDLL(str(path))
    for name, result, *arguments in FUNCTIONS:
        function = getattr(library, f"gems_torch_{name}")
        function.restype, function.argtypes = result, arguments
    return library


library = load()


def check(error):
    """Raises the error that a function of the library returned, if it did."""
    if error is not None:
        raise ValueError(error.decode())
