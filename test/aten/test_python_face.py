"""What the package promises beside the operators: scopes, threads, fork, selection, errors, the library's symbols."""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import threading

import pytest
import torch

import gems
from gems import _library
from processes import python

LIBRARY = _library.library_path
MINOR = _library.minor(torch.__version__)
C_INTERFACE = pathlib.Path(__file__).parents[2] / "runtime" / "aten" / "lib" / "c_api.cpp"


@pytest.fixture
def x():
    return torch.linspace(-2, 2, 24)


def served(name):
    return gems.report()[name].served


def test_an_inner_scope_changes_only_what_it_names(x):
    with gems.use_gems("exp, neg"):
        with gems.use_gems(include="sin", exclude="neg"):
            assert [gems.is_enabled(name) for name in ("exp", "sin", "neg", "cos")] == [True, True, False, False]
        assert [gems.is_enabled(name) for name in ("exp", "sin", "neg", "cos")] == [True, False, True, False]
    assert not gems.is_enabled()


def test_an_exclusion_survives_enable_in_the_meantime():
    with gems.use_gems(include=[], exclude="exp"):
        gems.enable()
        assert not gems.is_enabled("exp") and gems.is_enabled("sin")
    assert gems.is_enabled("exp")


def test_enable_adds_and_only_enable_replaces():
    gems.enable("exp")
    gems.enable(include=["sin"])
    assert gems.is_enabled("exp") and gems.is_enabled("sin") and not gems.is_enabled("neg")
    gems.enable(exclude="exp")
    assert gems.is_enabled("neg") and not gems.is_enabled("exp")
    gems.only_enable("exp")
    assert gems.is_enabled("exp") and not gems.is_enabled("sin")


def test_a_scope_object_may_be_entered_again_and_decorates(x):
    scope = gems.use_gems("exp")
    with scope as entered, scope:
        assert entered is scope
        torch.exp(x)
    torch.exp(x)

    @gems.use_gems("exp")
    def work(depth):
        torch.exp(x)
        torch.sin(x)
        return depth and work(depth - 1)

    work(2)
    torch.exp(x)
    assert served("exp") == 4 and served("sin") == 0


def test_a_scope_object_may_be_entered_in_two_threads_at_once():
    """Each thread goes back to what was on in that thread."""
    shared = gems.use_gems("exp")
    entered, may_leave = threading.Event(), threading.Event()

    def other():
        with shared:
            entered.set()
            may_leave.wait()

    thread = threading.Thread(target=other)
    with gems.use_gems("sin"):
        with shared:
            thread.start()
            entered.wait()
        inside = gems.is_enabled("sin"), gems.is_enabled("exp")
    may_leave.set()
    thread.join()
    assert inside == (True, False)


def test_a_scope_survives_torch_modes_and_their_end(x):
    """The marker lives in the thread's dispatch keys, which these guards save, change and restore."""
    with gems.use_gems("exp"):
        with torch.no_grad(), torch.inference_mode(), torch.autocast("cpu"):
            torch.exp(x)
        torch.func.grad(lambda v: torch.exp(v).sum())(x)
        torch.vmap(torch.exp)(x.view(4, 6))
        torch.exp(x)
    before = served("exp")
    assert before >= 4
    torch.exp(x)
    assert served("exp") == before


def test_a_scope_ended_inside_a_torch_mode_stays_ended(x):
    scope = gems.use_gems("exp")
    with torch.no_grad():
        scope.__enter__()
        torch.exp(x)
        scope.__exit__(None, None, None)
        torch.exp(x)
    torch.exp(x)
    assert served("exp") == 1


def test_scopes_do_not_disturb_dispatch(x):
    """Backend bits in the excluded set: no kernel of any backend may be skipped for them."""
    names = [name for name in gems.all_ops() if "." not in name and not name.endswith("_")]
    for count in range(1, len(names)):
        with gems.use_gems(names[:count]):
            assert (x.to_sparse() + x.to_sparse()).is_sparse
            assert x.to("meta").exp().device.type == "meta"
            assert torch.allclose(torch.exp(x.requires_grad_()), torch.exp(x.detach()))
            assert torch.quantize_per_tensor(x.detach(), 0.1, 0, torch.qint8).is_quantized


def test_autograd_threads_see_the_scope_of_backward(x):
    """The engine runs CPU work in the calling thread, unless another thread's backward owns it: both must see the scope."""
    y = torch.sigmoid(x.clone().requires_grad_()).sum()
    with gems.use_gems("sigmoid_backward"):
        y.backward()
    assert served("sigmoid_backward") == 1
    z = torch.sigmoid(x.clone().requires_grad_()).sum()
    z.backward()
    assert served("sigmoid_backward") == 1


def test_thread_local_state_carries_the_scope(x):
    """torch.jit.fork moves at::ThreadLocalState to a pool thread, as the autograd engine does for each device."""

    @torch.jit.script
    def work(v: torch.Tensor):
        futures = [torch.jit.fork(torch.exp, v) for _ in range(4)]
        return [torch.jit.wait(future) for future in futures]

    with gems.use_gems("exp"):
        work(x)
    inside = served("exp")
    assert inside == 4
    work(x)
    assert served("exp") == inside


def test_toggling_while_eight_threads_call(x):
    expected = torch.sigmoid(x) * 2 + x.abs()
    gems.enable()  # registers, before the threads
    stop, wrong = threading.Event(), []

    def call(index):
        scope = gems.use_gems("abs") if index % 2 else gems.use_gems(include=[], exclude="sigmoid")
        while not stop.is_set():
            with scope:
                if not torch.allclose(torch.sigmoid(x) * 2 + x.abs(), expected, rtol=1e-6, atol=1e-7):
                    wrong.append(index)

    threads = [threading.Thread(target=call, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for step in range(200):
        gems.enable("sigmoid" if step % 3 else None)
        gems.only_enable("mul")
        gems.disable()
        gems.reset_report()
        str(gems.report())
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_fork_after_import_and_enable():
    result = python(
        "import os, torch, gems\n"
        "gems.enable()\n"
        "pid = os.fork()\n"
        "x = torch.arange(6.0)\n"
        "ok = torch.equal(x + 1, torch.tensor([1.0, 2, 3, 4, 5, 6])) and gems.report()['add.Tensor'].served == 1\n"
        "if pid == 0: os._exit(0 if ok else 1)\n"
        "assert ok and os.waitpid(pid, 0)[1] == 0\n"
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("pattern", "nearest"), (("gleu", "gelu"), ("add.Tensr", "add.Tensor"), ("sigmiod*", "sigmoid"), (["exp", "relo"], "relu"))
)
@pytest.mark.parametrize("act", (gems.enable, gems.only_enable, gems.is_enabled, lambda names: gems.use_gems(exclude=names).__enter__()))
def test_an_unknown_name_is_an_error_that_names_the_nearest(act, pattern, nearest):
    with pytest.raises(ValueError, match=f"Nearest: '{nearest}'"):
        act(pattern)
    assert not gems.is_enabled()


def test_a_wrong_type_is_an_error():
    with pytest.raises(TypeError, match="got 3 of type int"):
        gems.enable(["exp", 3])


@pytest.mark.parametrize("name", ("where.ScalarSelf", "true_divide.Tensor", "isfinite", "floor_divide.Scalar", "square"))
def test_composite_operators_are_refused(name):
    """Overridden at a backend key, they would lose their gradient without a sound."""
    base, _, overload = name.partition(".")
    composite = torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{name}", "CompositeImplicitAutograd")
    assert (_library.library.gems_torch_refusal(name.encode()) is not None) == composite
    if composite:
        with pytest.raises(ValueError, match="composite"):
            gems.enable(name)


def test_every_overload_of_the_table_passes_the_check_for_composites():
    for name in gems.all_ops():
        assert _library.library.gems_torch_refusal(name.encode()) is None, name


def test_composites_keep_their_gradient(x):
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    with gems.use_gems():
        torch.where(a > 0, a, 2.0).sum().backward()
        torch.where(torch.tensor([True]), 2.0, b).sum().backward()
    assert torch.equal(a.grad, (x > 0).float()) and torch.equal(b.grad, torch.zeros_like(x))
    assert served("where.self") == 4  # and again in backward


def test_the_report_adds_up_and_prints(x):
    with gems.use_gems():
        x + 1
        x + x.to_sparse()
        with pytest.raises(RuntimeError):
            x + torch.ones(7)
    row = gems.report()["add.Tensor"]
    assert row.calls == row.served + sum(row.declined.values()) and row.served >= 1
    assert row.declined == {"ATen raises": 1}
    lines = str(gems.report()).splitlines()
    assert lines[0].split() == ["op", "calls", "served", "compiles", "ms", "declined"]
    assert any(line.split()[:3] == ["add.Tensor", str(row.calls), str(row.served)] for line in lines)
    gems.reset_report()
    assert str(gems.report()) == "gems: no calls"
    assert {name for name in gems.report() if "::" not in name} == set(gems.all_ops())
    assert gems.all_ops() == sorted(gems.all_ops())


def test_a_report_prints_what_was_called_busiest_first():
    rows = {
        "sin": gems.Row(0, 0, {}, 0, 0.0),
        "add.Tensor": gems.Row(2, 1, {"dtype": 1}, 1, 12.6),
        "exp": gems.Row(30, 27, {"rank": 2, "conj or neg bit": 1}, 2, 7.2),
    }
    report = gems.Report(rows)
    assert [line.split(maxsplit=5) for line in str(report).splitlines()] == [
        ["op", "calls", "served", "compiles", "ms", "declined"],
        ["exp", "30", "27", "2", "7", "2 rank, 1 conj or neg bit"],
        ["add.Tensor", "2", "1", "1", "13", "1 dtype"],
    ]
    assert repr(report) == str(report)
    assert len(report) == 3 and list(report) == list(rows) and report["exp"] is rows["exp"]


def exported(library):
    listing = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in listing.splitlines()}


def test_the_adapter_exports_its_c_interface_and_the_public_functions_of_gems():
    symbols = exported(LIBRARY)
    assert symbols and all(symbol.startswith(("gems_torch_", "_ZN4gems4aten")) for symbol in symbols), symbols


def test_the_core_exports_gems_only():
    symbols = exported(LIBRARY.parent / "libgems.so")
    assert symbols and all(re.match(r"_ZN[KO]?4gems", symbol) for symbol in symbols), symbols


def needed_by(library):
    dynamic = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    return {line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line}


def test_the_libraries_need_neither_python_nor_cuda():
    core, adapter = needed_by(LIBRARY.parent / "libgems.so"), needed_by(LIBRARY)
    assert {name for name in adapter if name.startswith(("libtorch", "libc10"))} == {"libtorch.so", "libtorch_cpu.so", "libc10.so"}
    assert "libgems.so" in adapter and not any("torch" in name or "c10" in name for name in core)
    strangers = ("python", "cuda", "LLVM", "MLIR", "libz")
    assert not [name for name in core | adapter if any(stranger in name for stranger in strangers)]


def test_the_library_is_found_by_its_variable(tmp_path):
    result = python("import gems", GEMS_LIBRARY=str(tmp_path / "absent.so"))
    assert result.returncode != 0 and "GEMS_LIBRARY names" in result.stderr and "does not exist" in result.stderr
    (tmp_path / "empty.so").touch()
    for given, wrong in ((tmp_path, "is a folder"), (tmp_path / "empty.so", "is empty")):
        said = python("import gems", GEMS_LIBRARY=str(given)).stderr
        assert f"ImportError: gems: GEMS_LIBRARY names {given}, which {wrong}; point it at" in said


def test_importing_again_finds_all_in_place():
    code = """
import sys, torch, gems
x = torch.ones(3)
before = torch.ops.gems.silu_and_mul(x, x)
for name in [name for name in sys.modules if name.split(".")[0] == "gems"]:
    del sys.modules[name]
import gems
with gems.use_gems():
    torch.exp(x)
print(gems.report()["exp"].served, torch.equal(torch.ops.gems.silu_and_mul(x, x), before))
"""
    result = python(code)
    assert result.stdout == "1 True\n", result.stderr


def test_the_library_is_found_in_the_checkout_or_beside_the_package(tmp_path):
    package = tmp_path / "runtime" / "aten" / "python" / "gems"
    shutil.copytree(pathlib.Path(gems.__file__).parent, package)
    code = f"sys.path.insert(0, {str(package.parent)!r})\nimport gems"
    name = f"libgems_torch_{MINOR.replace('.', '_')}.so"
    built, installed = tmp_path / "build" / "lib" / name, package / "lib" / name
    assert f"looked in {installed.parent}, {built.parent}. Build it" in python(code, GEMS_LIBRARY="").stderr
    for place in (built, installed):  # the second one comes first when both are there
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"no library of gems")
        assert f"{place} has interface of an unknown number" in python(code, GEMS_LIBRARY="").stderr


def test_a_torch_without_an_adapter_is_told_what_to_install(tmp_path, monkeypatch):
    for name in ("libgems_torch_9_9.so", "libgems_torch_9_10.so", "libgems_torch_new.so", "libgems.so"):
        (tmp_path / name).touch()
    monkeypatch.setattr(_library, "folders", lambda: [tmp_path / "absent", tmp_path])
    monkeypatch.delenv("GEMS_LIBRARY", raising=False)
    assert _library.find_library("9.10.3+cu999") == tmp_path / "libgems_torch_9_10.so"
    with pytest.raises(ImportError, match=r"found torch 9\.11\.0, .* torch 9\.9, 9\.10\. Install .*'torch==9\.10\.\*'"):
        _library.find_library("9.11.0")


def test_a_python_without_torch_is_told_to_install_it(tmp_path):
    package = pathlib.Path(gems.__file__).parent.parent
    code = "import sys; sys.path.append(sys.argv[1]); import gems"
    said = subprocess.run([sys.executable, "-S", "-c", code, package], capture_output=True, text=True).stderr
    assert said.endswith("ImportError: gems: there is no PyTorch in this Python; install it: pip install torch\n")


def refusal_of_a_library_with(note, folder):
    """What importing gems says about a file that is no library at all, but has such a note: so it is not loaded either."""
    other = folder / "libgems_torch_0_0.so"
    other.write_bytes(b"\x7fELF of another version" + note + b"\0")
    result = python("import gems", GEMS_LIBRARY=str(other))
    assert result.returncode == 1, result.stderr
    return result.stderr.strip().splitlines()[-1]


def test_a_library_for_another_torch_is_refused_before_it_is_loaded(tmp_path):
    said = refusal_of_a_library_with(b"gems_torch was built for torch 1.9.0, interface %d" % _library.INTERFACE, tmp_path)
    assert f"was built for torch 1.9.0, found torch {torch.__version__}" in said and "rebuild gems" in said


def test_a_library_for_another_patch_release_is_taken(tmp_path):
    other = tmp_path / "library.so"
    other.write_bytes(b"gems_torch was built for torch %s.99, interface %d\0" % (MINOR.encode(), _library.INTERFACE))
    _library.check_version(other, torch.__version__)


@pytest.mark.parametrize(
    ("interface", "known_as"),
    ((", interface %d" % (_library.INTERFACE + 1), str(_library.INTERFACE + 1)), ("", "of an unknown number")),
    ids=("newer", "older"),
)
def test_a_library_of_another_version_of_gems_is_refused_before_it_is_loaded(interface, known_as, tmp_path):
    note = f"gems_torch was built for torch {torch.__version__.split('+')[0]}{interface}"
    said = refusal_of_a_library_with(note.encode(), tmp_path)
    assert f"has interface {known_as}" in said and f"needs {_library.INTERFACE}" in said and "GEMS_LIBRARY" in said


def test_a_file_that_is_no_library_of_gems_is_refused(tmp_path):
    assert "has interface of an unknown number" in refusal_of_a_library_with(b"", tmp_path)


def test_the_interface_has_the_number_of_its_declarations():
    if not C_INTERFACE.exists():
        pytest.skip("needs the sources of the library")
    source = C_INTERFACE.read_text()
    declared = re.findall(r"^GEMS_API (.*?) \{", source, re.MULTILINE)
    number = int(re.search(r'", interface (\d+)"', source)[1])
    digest = hashlib.sha256("\n".join(declared).encode()).hexdigest()[:16]
    # The interface changed: give it the next number here, in c_api.cpp and in _library.py.
    assert (number, digest) == (2, "dae0a2bc38bd1779")
    assert number == _library.INTERFACE
    assert {re.search(r"gems_torch_(\w+)", each)[1] for each in declared} == {name for name, *_ in _library.FUNCTIONS}
