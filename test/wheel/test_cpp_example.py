"""The projects of examples/, copied out of the checkout: they know gems only where that is installed."""

import pathlib
import shutil
import subprocess

import pytest

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"


@pytest.fixture(params=("g++", "clang++-22"))
def compiler(request):
    if not shutil.which(request.param):
        pytest.skip(f"no {request.param} on this machine")
    return request.param


def cmake(folder, *arguments):
    return subprocess.run(["cmake", *arguments], cwd=folder, capture_output=True, text=True)


def configure(environment, folder, *arguments, example="cpp"):
    shutil.copytree(EXAMPLES / example, folder / "project")
    gems = environment.run("python", "-m", "gems", "--cmake-dir").stdout.strip()
    return cmake(folder, "-S", "project", "-B", "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={gems}", *arguments)


def test_a_project_builds_and_runs(own_torch, compiler, tmp_path):
    torch = own_torch.run("python", "-c", "import torch; print(torch.__path__[0])").stdout.strip()
    configured = configure(own_torch, tmp_path, f"-DCMAKE_CXX_COMPILER={compiler}", f"-DGEMS_TORCH_DIR={torch}")
    assert configured.returncode == 0, configured.stderr
    built = cmake(tmp_path, "--build", "build")
    assert built.returncode == 0, built.stdout
    traced = subprocess.run([tmp_path / "build/trace_an_op"], capture_output=True, text=True, check=True).stdout
    assert traced.startswith("op half_difference\noperand x tensor bf16 as f32") and "sub" in traced
    called = subprocess.run([tmp_path / "build/call_an_op"], capture_output=True, text=True)
    assert called.returncode == 0 and "silu_and_mul" in called.stdout, called


def test_a_module_builds_and_agrees_with_pytorch(own_torch, compiler, tmp_path):
    configured = configure(own_torch, tmp_path, f"-DCMAKE_CXX_COMPILER={compiler}", example="module")
    assert configured.returncode == 0, configured.stderr
    built = cmake(tmp_path, "--build", "build")
    assert built.returncode == 0, built.stdout
    own_torch.run("python", str(tmp_path / "project/test_my_ops.py"), str(tmp_path / "build/my_ops.so"))
    assert "swish_glu" in own_torch.run("gems-codegen", "--module", str(tmp_path / "build/my_ops.so"), "list").stdout


def test_a_project_without_pytorch_is_told_how_to_name_it(bare, tmp_path):
    said = " ".join(configure(bare, tmp_path).stderr.split())
    assert "call find_package(Torch) before, or set GEMS_TORCH_DIR" in said


def test_a_pytorch_without_adapter_is_refused(bare, tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text("__version__ = '9.9.1+cpu'\n")
    said = " ".join(configure(bare, tmp_path, f"-DGEMS_TORCH_DIR={tmp_path}/torch").stderr.split())
    assert "This gems has no adapter for torch 9.9.1+cpu" in said
