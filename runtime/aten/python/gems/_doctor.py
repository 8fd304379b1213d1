"""What python -m gems doctor finds: versions, the adapter, GPU, NVRTC, the kernel cache, and whose kernels ATen has."""

import ctypes
import importlib.metadata
import os
import pathlib
import platform
import re
import sys

from ._version import __version__


def owner_of(debug):
    """Who registered a kernel, from what the dispatcher keeps about its registration."""
    if debug == "gems":
        return "gems"
    if "/torch/_native/" in debug:
        return "torch._native"
    if re.search(r"/aten/src/ATen/", debug):
        return "ATen"
    return debug


def kernels_of(dump):
    """Backend -> owners of its kernels, the one that is called first, from the dispatcher's dump of an operator."""
    owners = {}
    for line in dump.splitlines():
        if match := re.match(r"(CPU|CUDA)(?: \(inactive\))?: (?:registered at )?(.*?) ::", line):
            owners.setdefault(match[1], []).append(owner_of(match[2]))
    return owners


def overridden_kernels(names, dump_of):
    return {name: kernels_of(dump_of(f"aten::{name}")) for name in names}


def driver_version():
    """ "13.0", of the CUDA version that the driver supports; None without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    version = ctypes.c_int()
    return f"{version.value // 1000}.{version.value % 1000 // 10}" if driver.cuDriverGetVersion(ctypes.byref(version)) == 0 else None


def gpus(torch):
    if not torch.cuda.is_available():
        return []
    return [
        {
            "name": torch.cuda.get_device_name(index),
            "arch": "sm_%d%d" % torch.cuda.get_device_capability(index),
            "memory_bytes": torch.cuda.get_device_properties(index).total_memory,
        }
        for index in range(torch.cuda.device_count())
    ]


def loaded_file(stem):
    """The path of a shared library that this process has loaded."""
    with open("/proc/self/maps") as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if line.count("/") and len(line.split(maxsplit=5)) == 6}
    return next((path for path in sorted(paths) if os.path.basename(path).startswith(stem)), None)


def cache_of(environment):
    if not environment["cache_dir"]:
        return {"dir": None, "files": 0, "bytes": 0, "writable": False}
    folder = pathlib.Path(environment["cache_dir"])
    sizes = [path.stat().st_size for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    usable = environment["cache_usable"] == "1"
    return {"dir": str(folder), "files": len(sizes), "bytes": sum(sizes), "writable": usable and os.access(folder, os.W_OK)}


def examine():
    """All of it as a dictionary that JSON can hold; "problem" is None, or why gems cannot be used here."""
    found = {
        "gems": __version__,
        "package": str(pathlib.Path(__file__).resolve().parent),
        "python": platform.python_version(),
        "torch": None,
        "problem": None,
        "driver": driver_version(),
    }
    try:
        found["torch"] = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        from . import _library, _switches
    except ImportError as error:
        return {**found, "problem": str(error)}
    import torch

    lines = _library.library.gems_torch_environment().decode().splitlines()
    environment = {name: value for name, _, value in (line.partition(" ") for line in lines)}
    with _switches.use_gems():  # registers the overrides
        pass
    return {
        **found,
        "torch": torch.__version__,
        "adapter": str(_library.library_path),
        "library": loaded_file("libgems.so"),
        "gpus": gpus(torch),
        "nvrtc": {"version": environment.get("nvrtc"), "path": loaded_file("libnvrtc.so"), "problem": environment.get("nvrtc_problem")},
        "cache": cache_of(environment),
        "kernels": overridden_kernels(_switches.all_ops(), torch._C._dispatch_dump),
    }


def groups(kernels):
    """Lines: how many overridden operators have the same owners, and which, if they are few."""
    by_owners = {}
    for name, backends in kernels.items():
        for backend, owners in backends.items():
            by_owners.setdefault((backend, " > ".join(owners)), []).append(name)
    for (backend, owners), names in sorted(by_owners.items()):
        which = f" ({', '.join(names)})" if len(names) <= 8 else ""
        yield f"{backend:<4} {owners}: {len(names)} operators{which}"


def as_text(found):
    rows = [("gems", f"{found['gems']}, {found['package']}"), ("Python", f"{found['python']}, {sys.executable}")]
    rows.append(("torch", found["torch"] or "none"))
    if found["problem"] is not None:
        return "\n".join(f"{name:<8} {value}" for name, value in rows) + f"\n\n{found['problem']}"
    rows += [("adapter", found["adapter"]), ("library", found["library"])]
    rows += [("GPU", f"{gpu['name']}, {gpu['arch']}, {gpu['memory_bytes'] / 2**30:.0f} GiB") for gpu in found["gpus"]] or [("GPU", "none")]
    rows.append(("driver", f"CUDA {found['driver']}" if found["driver"] else "none"))
    nvrtc = found["nvrtc"]
    rows.append(("NVRTC", f"{nvrtc['version']}, {nvrtc['path']}" if nvrtc["version"] else nvrtc["problem"]))
    cache = found["cache"]
    writable = "writable" if cache["writable"] else "not writable: kernels stay in memory"
    rows.append(("cache", f"{cache['dir'] or 'none'}, {cache['files']} files, {cache['bytes'] / 1e6:.1f} MB, {writable}"))
    text = [f"{name:<8} {value}" for name, value in rows]
    text += ["", "Whose kernels the overridden operators have, the one that is called first:"]
    text += [f"  {line}" for line in groups(found["kernels"])]
    return "\n".join(text)
