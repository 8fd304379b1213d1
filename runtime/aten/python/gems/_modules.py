"""Operators from outside of gems: modules that CMake built, and modules from a text in Python. See docs/modules.md."""

import atexit
import ctypes
import hashlib
import linecache
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import typing

import torch

from ._decompositions import register_decompositions
from ._library import check, library

_MOST_KEPT = 100  # modules compiled from text, least recently used ones go first
_FLAGS = ("-std=c++20", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-fvisibility-inlines-hidden")
_lock = threading.Lock()
_loaded = {}  # path of a module that load_inline compiled -> its operators


def load(path: str | os.PathLike):
    """Loads a module of operators, which gems_add_operators() of CMake built, and returns torch.ops.NAME.

    The operators work on CPU, CUDA and fake tensors, with out=, with gradients and under torch.func and torch.compile. A module stays for the life of the process; loading
    the same file again does nothing. Raises ValueError with the reason when the file is no module that this gems can load.
    """
    name = ctypes.c_char_p()
    check(library.gems_torch_load(os.fsencode(path), name))
    register_decompositions()
    return getattr(torch.ops, name.value.decode())


def load_inline(name: str, cpp_text: str):
    """Compiles a module from its C++ text, which includes "gems/dsl.h" and has GEMS_OPERATORS(name, ...), and loads it.

    The compiler is $CXX, else c++, g++ or clang++. What it makes is kept in gems' cache directory: the same text is compiled
    once. Raises RuntimeError with the compiler's own messages, at the lines of the text.
    """
    if not re.search(rf"\bGEMS_OPERATORS\s*\(\s*{re.escape(name)}\s*,", cpp_text):
        raise ValueError(f"gems.load_inline: the text of {name!r} has no GEMS_OPERATORS({name}, ...): add it, with the names of the ops")
    source = _with_origin(name, cpp_text, sys._getframe(1))
    with _lock:
        path = _compiled(name, source)
        if path not in _loaded:
            _loaded[path] = load(path)
        return _loaded[path]


class _Parts(typing.NamedTuple):
    """What a module is compiled with."""

    headers: pathlib.Path
    static_library: pathlib.Path
    exports: pathlib.Path

    def digest(self):
        content = hashlib.sha256()
        for path in [*sorted(self.headers.rglob("*.*")), self.static_library, self.exports]:
            if path.is_file():
                content.update(path.name.encode() + b"\0" + path.read_bytes())
        return content.hexdigest()


def parts() -> _Parts:
    """Beside this file (installed), else in the checkout that this file is in and its build."""
    here = pathlib.Path(__file__).resolve()
    places = [_Parts(here.parent / "include", here.parent / "lib/libgems_dsl.a", here.parent / "lib/cmake/gems/operators.map")]
    if len(here.parents) > 4:
        root = here.parents[4]
        places.append(_Parts(root / "dsl/include", root / "build/dsl/libgems_dsl.a", root / "tools/cmake/operators.map"))
    for place in places:
        if all(path.exists() for path in place):
            return place
    looked = ", ".join(str(place.static_library) for place in places)
    raise RuntimeError(f"gems.load_inline: no headers and libgems_dsl.a to compile with; looked for {looked}. Build them, or "
                       f"install the package torch-gems, which has them")


def _compiler():
    given = os.environ.get("CXX")
    if given:
        command = shlex.split(given)
        if shutil.which(command[0]) is None:
            raise RuntimeError(f"gems.load_inline: CXX names {command[0]!r}, which is not on PATH; name a C++ compiler, or unset it")
        return command
    for command in ("c++", "g++", "clang++"):
        if shutil.which(command):
            return [command]
    raise RuntimeError("gems.load_inline: no C++ compiler on PATH (c++, g++, clang++); install g++ 11 or clang++ 14, or a newer "
                       "one, or name one with CXX")


def _with_origin(name, text, frame):
    """The text with a #line that says where it is written: in the caller's file if it is found there word for word."""
    written = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    at = written.find(text)
    file, line = (frame.f_code.co_filename, written.count("\n", 0, at) + 1) if at >= 0 else (f"{name}.cpp", 1)
    quoted = file.replace("\\", "\\\\").replace('"', '\\"')
    return f'#line {line} "{quoted}"\n{text}\n'


def _compiled(name, source):
    """The path of the module, compiled unless it is kept from before."""
    compiler, using = _compiler(), parts()
    version = subprocess.run([*compiler, "--version"], capture_output=True, text=True).stdout
    inputs = [*compiler, version, *_FLAGS, using.digest(), source]
    digest = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
    folder = pathlib.Path(library.gems_torch_module_directory().decode() or _folder_of_process())
    path = folder / f"{name}-{digest[:32]}.so"
    if path.exists():
        _touch(path)
        return path
    number, temporary = tempfile.mkstemp(prefix=".writing-", suffix=".so", dir=folder)
    os.close(number)
    try:
        command = [*compiler, *_FLAGS, f"-I{using.headers}", "-x", "c++", "-", "-x", "none", str(using.static_library),
                   f"-Wl,--version-script={using.exports}", "-Wl,--no-undefined", "-o", temporary]
        done = subprocess.run(command, input=source, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"gems.load_inline: {name!r} does not compile with {shlex.join(compiler)}:\n{done.stderr}")
        os.chmod(temporary, 0o700)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    _prune(folder)
    return path


def _folder_of_process():
    """Where nothing is kept: a private folder that goes with the process."""
    global _own_folder
    if _own_folder is None:
        _own_folder = tempfile.mkdtemp(prefix="gems-modules-")
        atexit.register(shutil.rmtree, _own_folder, ignore_errors=True)
    return _own_folder


_own_folder = None


def _touch(path):
    try:
        os.utime(path)
    except OSError:
        pass  # it is only used, not owned, or it has just been removed


def _prune(folder):
    """Removes the least recently used modules beyond those that are kept, and what interrupted compilers left."""
    def used(path):
        try:
            return path.stat().st_mtime
        except OSError:
            return 0.0

    abandoned = [path for path in folder.glob(".writing-*") if used(path) < time.time() - 24 * 3600]
    kept = sorted(folder.glob("*.so"), key=used, reverse=True)
    for path in [*abandoned, *(path for path in kept[_MOST_KEPT:] if not path.name.startswith("."))]:
        path.unlink(missing_ok=True)
