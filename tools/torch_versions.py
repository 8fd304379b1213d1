"""The versions of PyTorch that a wheel has adapters for, and where what is needed of each is kept in the build folder."""

import pathlib
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "torch"
# The first is the one of .venv (tools/setup), which all tests run with. One release stands for its minor version.
VERSIONS = ("2.11.0", "2.15.0")
# Of a wheel of PyTorch: what an adapter is compiled and linked with.
PARTS = ("torch/include/", "torch/version.py", "torch/lib/libtorch.so", "torch/lib/libtorch_cpu.so", "torch/lib/libc10.so")


def minor(version):
    """ "2.11.0" -> "2_11", as in the names of the adapters."""
    return "_".join(version.split(".")[:2])


def folder(version):
    """The package folder of a version, with headers and the libraries to link; downloads it the first time."""
    package = FOLDER / version / "torch"
    if package.is_dir():
        return package
    download = FOLDER / f"{version}.download"
    download.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
         "--dest", download, f"torch=={version}"],
        check=True,
    )
    (wheel,) = download.glob("torch-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(download, [name for name in archive.namelist() if name.startswith(PARTS)])
    wheel.unlink()
    download.rename(FOLDER / version)
    return package
