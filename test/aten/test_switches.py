"""The Python face: enable, disable, use_gems, include and exclude, all_ops and the report."""

import pytest
import torch

import gems
from operators import OPERATORS
from processes import python


def served_names(call):
    gems.reset_report()
    call()
    return {name for name, row in gems.report().items() if row.served}


@pytest.fixture
def x(device):
    return torch.linspace(0.5, 2, 50, device=device)


def test_every_operator_under_test_is_overridden():
    bases = {name.split(".")[0].rstrip("_") for name in gems.all_ops()}
    missing = {str(operator) for operator in OPERATORS.values() if not operator.served_by & bases}
    assert not missing, f"not in all_ops(): {sorted(missing)}"


def test_functional_in_place_and_out_are_overridden_together():
    names = set(gems.all_ops())
    assert {
        "add.Tensor",
        "add_.Tensor",
        "add.out",
        "gelu",
        "gelu.out",
        "relu",
        "relu_",
        "exp",
        "exp_",
        "exp.out",
    } <= names


def test_no_composite_operator_is_overridden():
    """An override at a backend key of an operator that autograd decomposes would lose its gradient."""

    def has(name, key):
        return torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{name}", key)

    # A few (silu_backward) have a decomposition and a derivative formula: autograd then uses the formula.
    composite = [
        name for name in gems.all_ops() if has(name, "CompositeImplicitAutograd") and not has(name, "Autograd")
    ]
    assert not composite


def test_off_until_asked_for(x):
    assert not gems.is_enabled()
    assert served_names(lambda: torch.exp(x)) == set()


def test_enable_and_disable(x):
    gems.enable()
    assert gems.is_enabled()
    assert served_names(lambda: torch.exp(x)) == {"exp"}
    gems.disable()
    assert not gems.is_enabled()
    assert served_names(lambda: torch.exp(x)) == set()


@pytest.mark.parametrize("include", ("exp", "ex*", ["exp"], ["neg", "e*p"], "neg, exp", ("exp",)), ids=str)
def test_include_takes_names_globs_and_lists(include, x):
    with gems.use_gems(include=include):
        assert served_names(lambda: torch.exp(x) * torch.sin(x)) == {"exp"}
    gems.enable(include=include)
    assert served_names(lambda: torch.exp(x) * torch.sin(x)) == {"exp"}


def test_include_takes_overloads(x):
    with gems.use_gems(include="add.Tensor"):
        assert served_names(lambda: (x + x).add_(1)) == {"add.Tensor"}
    with gems.use_gems(include="add*"):
        assert served_names(lambda: (x + x).add_(1)) == {"add.Tensor", "add_.Tensor"}


def test_exclude(x):
    with gems.use_gems(exclude="exp"):
        assert served_names(lambda: torch.exp(x) * x) == {"mul.Tensor"}
    with gems.use_gems(include="*", exclude=["mul*", "neg"]):
        assert served_names(lambda: torch.exp(x) * x) == {"exp"}


def test_only_enable(x):
    gems.enable()
    gems.only_enable("exp")
    assert served_names(lambda: torch.exp(x) * x) == {"exp"}


def test_scopes_nest_and_restore(x):
    with gems.use_gems(include="exp"):
        assert served_names(lambda: torch.sin(x)) == set()
        with gems.use_gems():
            assert served_names(lambda: torch.sin(x)) == {"sin"}
        assert served_names(lambda: torch.sin(x)) == set()
        assert served_names(lambda: torch.exp(x)) == {"exp"}
    assert served_names(lambda: torch.exp(x)) == set()


def test_scope_ends_with_an_exception(x):
    with pytest.raises(KeyError), gems.use_gems():
        raise KeyError
    assert served_names(lambda: torch.exp(x)) == set()


def test_scope_may_be_entered_thousands_of_times(x):
    for _ in range(5000):
        with gems.use_gems():
            pass
    assert served_names(lambda: torch.exp(x)) == set()


def test_report_counts_and_reset(x):
    with gems.use_gems():
        for _ in range(3):
            torch.exp(x)
    row = gems.report()["exp"]
    assert (row.calls, row.served, sum(row.declined.values())) == (3, 3, 0)
    assert row.compiles >= 0 and row.compile_ms >= 0
    assert "exp" in str(gems.report())
    gems.reset_report()
    assert "exp" not in gems.report() or gems.report()["exp"].calls == 0


def test_a_new_shape_of_a_known_layout_compiles_nothing(device):
    with gems.use_gems():
        for rows in (16, 32):
            torch.cos(torch.randn(rows, 64, device=device))
        before = sum(row.compiles for row in gems.report().values())
        for rows in range(1, 40):
            torch.cos(torch.randn(rows, 64, device=device))
        assert sum(row.compiles for row in gems.report().values()) == before


def test_import_starts_no_thread_and_touches_no_gpu():
    result = python(
        "import os, torch, threading\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "import gems\n"
        "assert not torch.cuda.is_initialized(), 'CUDA was touched'\n"
        "assert len(os.listdir('/proc/self/task')) == before, 'a thread was started'\n"
        "assert not gems.is_enabled()\n"
        "x = torch.ones(4); x + x\n"
        "assert not any(row.calls for row in gems.report().values())\n"
    )
    assert result.returncode == 0, result.stderr


def test_enabling_prints_nothing_and_others_are_still_warned():
    """PyTorch's once-only warning about a replaced kernel is silenced for our registration, not for anyone else's: it comes
    as it does without gems (not at all where PyTorch's own overrides have spent it).
    """
    quiet = python("import torch, gems\ngems.enable()\nx = torch.ones(4); x + x\n")
    assert quiet.returncode == 0 and quiet.stderr == ""
    others = "lib = torch.library.Library('aten', 'IMPL')\nlib.impl('sinh', lambda x: x, 'CPU')\n"
    beside_gems = python(f"import torch, gems\ngems.enable()\nx = torch.ones(4); x + x\n{others}").stderr
    alone = python(f"import torch\n{others}").stderr
    warning = "Overriding a previously registered kernel"
    assert (warning in beside_gems) == (warning in alone)
    assert warning in alone or tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 12)
