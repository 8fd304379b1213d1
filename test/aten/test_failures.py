"""When gems itself fails to compile or load: one warning for each op, ATen's result, a count; GEMS_STRICT=1 raises."""

import pytest

from processes import python

# Linux 6.3 and later: no memory may become executable any more, as under systemd's MemoryDenyWriteExecute=. Compiled CPU
# kernels can then not be loaded. For the whole process, without a way back; kernels that are loaded stay.
FORBID_NEW_CODE = """
import ctypes, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
    print("old kernel")
    sys.exit()
"""
WARM = """
with gems.use_gems():
    warm = torch.sigmoid(x)
"""
STILL_WARM = """
with gems.use_gems():
    assert torch.equal(torch.sigmoid(x), warm)
assert gems.report()["sigmoid"].served == 2
"""
BEGIN = """
import warnings
import torch, gems
x = torch.linspace(-2, 2, 33, device={device!r})
wide = x[:7].double()
expected = torch.sin(x), torch.cos(x)
"""
FALLS_BACK = """
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with gems.use_gems():
        given = torch.sin(x), torch.cos(x)
        for _ in range(3):
            torch.sin(x)
            torch.sin(wide)
assert all(torch.equal(a, b) for a, b in zip(given, expected))
for name, calls in (("sin", 7), ("cos", 1)):
    row = gems.report()[name]
    assert (row.calls, row.served, row.declined) == (calls, 0, {{"internal failure": calls}}), row
texts = [str(each.message) for each in caught]
assert len(texts) == 2, texts
for name, text in zip(("sin", "cos"), texts):
    assert f"op '{{name}}' failed and was left to ATen (GEMS_STRICT=1 raises instead)" in text, text
    assert {cause!r} in text, text
print("done")
"""
RAISES = """
try:
    with gems.use_gems():
        torch.sin(x)
except RuntimeError as error:
    assert {cause!r} in str(error), error
    print("done")
"""

by_strictness = pytest.mark.parametrize(("strict", "check"), (("0", FALLS_BACK), ("1", RAISES)), ids=("warns", "strict"))


@by_strictness
def test_a_kernel_that_cannot_be_loaded(strict, check):
    code = BEGIN + WARM + FORBID_NEW_CODE + check + STILL_WARM
    result = python(code.format(device="cpu", cause="Permission denied"), GEMS_STRICT=strict, GEMS_CACHE="0")
    if result.stdout.startswith("old kernel"):
        pytest.skip("needs Linux 6.3: prctl(PR_SET_MDWE)")
    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")


@pytest.mark.cuda
@by_strictness
def test_a_compiler_that_is_not_there(strict, check, tmp_path):
    absent = str(tmp_path / "libnvrtc.so")
    code = (BEGIN + check).format(device="cuda", cause=absent)
    result = python(code, GEMS_STRICT=strict, GEMS_CACHE="0", GEMS_NVRTC=absent)
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr
