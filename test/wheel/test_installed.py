"""What a user has after pip install, without a compiler and without this checkout."""

import doctest
import json
import re

import docs_examples
import pytest

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PYTHON_EXAMPLES = [
    example for example in docs_examples.extract("README.md") if example.language == "python" and not example.project
]
SCRIPT = """
import sys
import torch
import gems
torch.exp(torch.ones(3))
print(__name__, sys.argv[1:], gems.is_enabled("exp"), gems.is_enabled("neg"))
sys.exit(3)
"""


@pytest.mark.parametrize("example", PYTHON_EXAMPLES, ids=str)
def test_the_examples_of_the_readme_run(environment, example):
    printed = environment.run("python", "-c", example.body).stdout
    assert doctest.OutputChecker().check_output(example.output, printed, FLAGS), printed


def test_the_readme_has_examples():
    assert len(PYTHON_EXAMPLES) >= 2


def test_the_package_comes_from_the_wheel(environment):
    code = "import gems; from gems import _library; print(gems.__file__, _library.library_path)"
    places = environment.run("python", "-c", code).stdout.split()
    assert all(place.startswith(str(environment.site_packages / "gems")) for place in places), places


def test_the_tools_run(environment):
    text = environment.run("gems-codegen", "emit", "silu_and_mul", "--dtypes", "f16,f16").stdout
    assert 'extern "C" __global__ void' in text
    environment.run("python", "-c", "import torch, gems\nwith gems.use_gems(): torch.exp(torch.ones(3))")
    stats = json.loads(environment.run("gems-cache", "--json", "stats").stdout)
    assert stats["entries"] >= 1 and stats["dir"] == str(environment.folder / "home/.cache/gems")


def test_the_tools_need_no_torch(bare):
    assert "silu_and_mul" in bare.run("gems-codegen", "list").stdout
    assert bare.run("gems-cache", "ls").returncode == 0
    refused = bare.run("gems-codegen", "emit", "no_such_op", check=False)
    assert refused.returncode == 2 and "no_such_op" in refused.stderr


def test_the_doctor_knows_what_is_there(environment):
    found = json.loads(environment.run("python", "-m", "gems", "doctor", "--json").stdout)
    version = environment.run("python", "-c", "import torch; print(torch.__version__)").stdout.strip()
    package = str(environment.site_packages / "gems")
    assert found["problem"] is None and found["torch"] == version and found["package"] == package
    assert found["adapter"] == f"{package}/lib/libgems_torch_{'_'.join(version.split('.')[:2])}.so"
    assert found["library"] == f"{package}/lib/libgems.so"
    assert found["cache"]["dir"] == str(environment.folder / "home/.cache/gems") and found["cache"]["writable"]
    assert found["nvrtc"]["version"] and found["nvrtc"]["path"].split("/")[-1].startswith("libnvrtc.so")
    assert found["kernels"]["add.Tensor"] == {"CPU": ["gems", "ATen"], "CUDA": ["gems", "ATen"]}
    text = environment.run("python", "-m", "gems", "doctor").stdout
    assert re.search(r"^torch +" + re.escape(version), text, re.MULTILINE) and "CPU  gems > ATen: " in text


def test_the_doctor_says_what_to_install(bare):
    done = bare.run("python", "-m", "gems", "doctor", check=False)
    assert done.returncode == 1 and done.stdout.endswith("install it: pip install torch\n") and not done.stderr
    package = bare.site_packages / "torch"
    package.mkdir()
    try:
        (package / "__init__.py").write_text("__version__ = '9.9.1'\n")
        found = json.loads(bare.run("python", "-m", "gems", "doctor", "--json", check=False).stdout)
        imported = bare.run("python", "-c", "import gems", check=False)
    finally:
        (package / "__init__.py").unlink()
    assert found["problem"].startswith("gems: found torch 9.9.1, and ") and "pip install 'torch==" in found["problem"]
    assert imported.returncode == 1 and found["problem"] in imported.stderr


def test_a_script_runs_under_the_override(environment):
    script = environment.folder / "home" / "script.py"
    script.write_text(SCRIPT)
    done = environment.run("python", "-m", "gems", "run", "--exclude", "neg", "--report", "script.py", "--a", "b", check=False)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "__main__ ['--a', 'b'] True False\n"
    assert re.search(r"^exp +1 +1 ", done.stderr, re.MULTILINE)
    wrong = environment.run("python", "-m", "gems", "run", "--include", "epx", "script.py", check=False)
    assert wrong.returncode == 1 and "Nearest: 'exp'" in wrong.stderr and "Traceback" not in wrong.stderr
    absent = environment.run("python", "-m", "gems", "run", "absent.py", check=False)
    assert absent.returncode == 1 and absent.stderr == "gems: no script absent.py\n"


def test_the_program_says_what_it_is(bare, wheel):
    assert bare.run("python", "-m", "gems", "--version").stdout == f"gems {wheel.name.split('-')[1]}\n"
    assert "doctor" in bare.run("python", "-m", "gems", "--help").stdout
    assert bare.run("python", "-m", "gems", check=False).returncode == 2
    folder = bare.run("python", "-m", "gems", "--cmake-dir").stdout.strip()
    assert folder == str(bare.site_packages / "gems/lib/cmake/gems")
