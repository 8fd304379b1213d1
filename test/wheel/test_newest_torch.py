"""On the newest of the supported versions of PyTorch: samples of the oracle, and torch's own overrides."""

import json
import shutil

from conftest import ROOT

# torch._native's way to override, on an operator that gems overrides too.
BOTH_OVERRIDE = """
import json, torch
from torch._native import registry
reached = []
def negate(x):
    reached.append(x.dtype)
    return x * -1
registry.register_op_override("native", "aten", "neg", "CPU", cond=lambda x: x.dim() == 1, impl=negate)
registry._register_all_overrides()
import gems
from gems import _doctor
x = torch.ones(3)
def counts():
    torch.neg(x)
    return len(reached), gems.report()["neg"].served
before = counts()
gems.enable("neg")
on = counts()
gems.disable()
off = counts()
print(json.dumps([before, on, off, _doctor.overridden_kernels(["neg"], torch._C._dispatch_dump)["neg"]["CPU"]]))
"""


def test_gems_wins_over_an_override_of_torch_native(newest_torch):
    before, on, off, owners = json.loads(newest_torch.run("python", "-c", BOTH_OVERRIDE).stdout)
    assert (before, on, off) == ([1, 0], [1, 1], [1, 1])
    assert owners == ["gems", "torch._native", "ATen"]


def test_torch_native_and_gems_both_override_what_the_document_says(newest_torch):
    code = (
        "import json, torch, gems\nfrom torch._native import registry\n"
        "print(json.dumps([[op for _, op, _ in registry._graphs], gems.all_ops()]))"
    )
    theirs, ours = json.loads(newest_torch.run("python", "-c", code).stdout)
    assert set(theirs) & set(ours) == {"bmm"}


def test_a_sample_of_the_oracle_agrees(newest_torch):
    oracle = newest_torch.folder / "home" / "oracle"
    shutil.copytree(ROOT / "test" / "aten", oracle, ignore=shutil.ignore_patterns("__pycache__", "*.cpp", "*.h"))
    files = [f"oracle/test_{name}.py" for name in ("errors", "fused", "promotion", "samples", "switches")]
    done = newest_torch.run("python", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
