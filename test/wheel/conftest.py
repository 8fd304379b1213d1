"""The wheel that tools/wheel has built, and environments with it that know nothing of this checkout.

GEMS_TEST_WHEEL names another wheel; GEMS_TEST_NEWEST_TORCH names a site-packages folder with the newest of the supported
versions of PyTorch (and pytest), which otherwise is downloaded and installed: some 3 minutes and 5 GB.
"""

import os
import pathlib
import subprocess
import sys
import venv

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "test" / "tools")]

import torch_versions  # noqa: E402

NEWEST = torch_versions.VERSIONS[-1]


class Environment:
    """A virtual environment; commands run outside the checkout, with no program in reach but the environment's own."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        self.python = str(self.bin / "python")
        (folder / "home").mkdir()
        venv.create(folder / "venv", with_pip=True)

    @property
    def site_packages(self):
        return next((self.folder / "venv" / "lib").glob("python3*")) / "site-packages"

    def stand_in(self, site_packages):
        """The packages of another environment are as if installed in this one."""
        (self.site_packages / "stand_in.pth").write_text(f"{site_packages}\n")

    def run(self, *command, check=True, path=None, **environment):
        program, *arguments = command
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder / "home",
            env={"PATH": path or str(self.bin), "HOME": str(self.folder / "home"), **environment},
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def pip_install(self, *arguments):
        # From the network as this process does it.
        network = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")}
        self.run("python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments, **network)


@pytest.fixture(scope="session")
def wheel():
    given = os.environ.get("GEMS_TEST_WHEEL")
    found = [pathlib.Path(given)] if given else list((ROOT / "dist").glob("torch_gems-*.whl"))
    assert len(found) == 1, f"expected one wheel in {ROOT / 'dist'}, found {found}; build it: tools/wheel"
    return found[0].resolve()


@pytest.fixture(scope="session")
def bare(wheel, tmp_path_factory):
    """gems without PyTorch."""
    environment = Environment(tmp_path_factory.mktemp("bare"))
    environment.pip_install("--no-index", "--no-deps", str(wheel))
    return environment


@pytest.fixture(scope="session")
def own_torch(wheel, tmp_path_factory):
    """gems beside the PyTorch of .venv."""
    environment = Environment(tmp_path_factory.mktemp("own"))
    environment.stand_in(next((ROOT / ".venv" / "lib").glob("python3*")) / "site-packages")
    environment.pip_install("--no-index", str(wheel))
    return environment


@pytest.fixture(scope="session")
def newest_torch(wheel, tmp_path_factory):
    environment = Environment(tmp_path_factory.mktemp("newest"))
    if given := os.environ.get("GEMS_TEST_NEWEST_TORCH"):
        environment.stand_in(given)
        environment.pip_install("--no-index", "--no-deps", str(wheel))
    else:
        environment.pip_install(f"torch=={NEWEST}", "numpy", "pytest", "pytest-timeout")
        environment.pip_install("--no-index", str(wheel))
    return environment


@pytest.fixture(params=torch_versions.VERSIONS[:1] + torch_versions.VERSIONS[-1:])
def environment(request):
    return request.getfixturevalue("newest_torch" if request.param == NEWEST else "own_torch")
