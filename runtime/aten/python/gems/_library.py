"""Finds the adapter for the installed PyTorch, checks that it belongs to this package, and loads it."""

import ctypes
import mmap
import os
import pathlib
import re

try:
    import torch
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError("gems: there is no PyTorch in this Python; install it: pip install torch") from None

_BUILT_FOR = b"gems_torch was built for torch "
INTERFACE = 2  # of the functions below, as in runtime/aten/lib/c_api.cpp
_text, _marker = ctypes.c_char_p, ctypes.c_uint16
LogListener = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_double, ctypes.c_uint64, _text)
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
    ("log_to", None, LogListener),
    ("refusal", _text, _text),
    ("load", _text, _text, ctypes.POINTER(_text)),
    ("module_directory", _text),
    ("environment", _text),
    ("operators", _text),
    ("trace", _text, _text, _text, ctypes.POINTER(_text)),
)


def minor(torch_version):
    """ "2.11.0+cu130" -> "2.11": releases of one minor version share their C++ interface, and so an adapter."""
    return ".".join(torch_version.split(".")[:2])


def adapters(folder):
    """Minor version of PyTorch -> path of its adapter, for those in a folder, oldest first."""
    found = {}
    for path in folder.glob("libgems_torch_*.so"):
        if match := re.fullmatch(r"libgems_torch_(\d+)_(\d+)\.so", path.name):
            found[int(match[1]), int(match[2])] = path
    return {f"{major}.{number}": path for (major, number), path in sorted(found.items())}


def folders():
    """Where adapters may be: lib beside this file (installed), build/lib of the checkout that this file is in."""
    here = pathlib.Path(__file__).resolve()
    return [here.parent / "lib"] + ([here.parents[4] / "build" / "lib"] if len(here.parents) > 4 else [])


def find_library(torch_version):
    """GEMS_LIBRARY, else the adapter for this PyTorch in the first of folders() that has any."""
    given = os.environ.get("GEMS_LIBRARY")
    if given:
        if not os.path.isfile(given) or os.path.getsize(given) == 0:
            wrong = "is a folder" if os.path.isdir(given) else "is empty" if os.path.exists(given) else "does not exist"
            raise ImportError(
                f"gems: GEMS_LIBRARY names {given}, which {wrong}; point it at a libgems_torch_*.so or unset it"
            )
        return pathlib.Path(given)
    for folder in folders():
        known = adapters(folder)
        if minor(torch_version) in known:
            return known[minor(torch_version)]
        if known:
            raise ImportError(
                f"gems: found torch {torch_version}, and {folder} has adapters for torch {', '.join(known)}. Install "
                f"one of these (pip install 'torch=={list(known)[-1]}.*'), or a version of torch-gems that has yours"
            )
    looked = ", ".join(str(folder) for folder in folders())
    raise ImportError(
        f"gems: no libgems_torch_*.so; looked in {looked}. Build it (README.md) or set GEMS_LIBRARY to its path"
    )


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
    """Raises ImportError unless the library was built for this package and this minor version of PyTorch."""
    torch_version, interface = built_for(path)
    if interface != INTERFACE:
        raise ImportError(
            f"gems: {path} has interface {interface or 'of an unknown number'}, and this Python package "
            f"({pathlib.Path(__file__).parent}) needs {INTERFACE}: they belong to different versions of gems. Rebuild the "
            f"library from the package's own checkout, or point GEMS_LIBRARY at the library that came with the package"
        )
    if minor(torch_version) != minor(found):
        raise ImportError(
            f"gems: {path} was built for torch {torch_version}, found torch {found}. "
            f"Install torch {minor(torch_version)}, or rebuild gems with this Python: cmake -DGEMS_PYTHON=<python>"
        )


def load():
    """The library, with the types of its functions set, and where it is."""
    path = find_library(torch.__version__)
    check_version(path, torch.__version__)
    torch.ops.load_library(str(path))
    # PyDLL keeps the interpreter's lock: no other Python thread starts an operator while overrides are registered.
    library = ctypes.PyDLL(str(path))
    for name, result, *arguments in FUNCTIONS:
        function = getattr(library, f"gems_torch_{name}")
        function.restype, function.argtypes = result, arguments
    return library, path


library, library_path = load()


def check(error):
    """Raises the error that a function of the library returned, if it did."""
    if error is not None:
        raise ValueError(error.decode())
