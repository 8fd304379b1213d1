"""Modules of operators in PyTorch: gems.load and gems.load_inline, what their operators do, and every refusal's words."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import pytest
import torch

import gems
from gems import _modules

BUILT = pathlib.Path(__file__).parents[2] / "build" / "test" / "modules"
HEADER = '#include "gems/dsl.h"\nusing namespace gems;\nusing namespace gems::dsl;\n'

built = pytest.mark.skipif(not BUILT.exists(), reason="a bundle has no modules of the build")
compiling = pytest.mark.skipif(not BUILT.exists() or not shutil.which("c++"), reason="needs a C++ compiler and libgems_dsl.a")


def text_of(name, body="x * sigmoid(x)", op=None):
    return HEADER + (
        f'constexpr OpDef op = pointwise({{.name = "{op or name}", .promotion_methods = {{promote({{0}}, Default)}}}},\n'
        f"                               [](Tensor x) {{ return {body}; }});\n"
        f"GEMS_OPERATORS({name}, op)\n")


@pytest.fixture(scope="module")
def sample():
    return gems.load(BUILT / "sample_ops.so")


# gems.load

@built
def test_load_returns_the_operators_each_time(sample):
    assert sample is torch.ops.sample_ops
    assert gems.load(str(BUILT / "sample_ops.so")) is sample
    assert {"swish_glu", "sum_and_difference", "wrong"} <= set(dir(torch.ops.sample_ops)) | {
        name.split("::")[1] for name in torch._C._dispatch_get_all_op_names() if name.startswith("sample_ops::")}


@built
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_an_operator_computes(sample, device, dtype):
    x, gate = torch.randn(2, 33, 7, device=device, dtype=dtype)
    wide = x.double()
    expected = gate.double() * wide * torch.sigmoid(1.5 * wide)
    torch.testing.assert_close(sample.swish_glu(x, gate, 1.5), expected.to(dtype))
    hard = gate.double() * wide * (wide / 6 + 0.5).clamp(0, 1)
    torch.testing.assert_close(sample.swish_glu(x, gate, 1.5, mode="hard"), hard.to(dtype))


@built
def test_operands_broadcast_and_results_can_be_given(sample, device):
    x, y = torch.randn(5, 1, device=device), torch.randn(1, 4, device=device).half()
    total, difference = sample.sum_and_difference(x, y)
    assert torch.equal(total, x + y) and torch.equal(difference, x - y)
    out0, out1 = torch.empty(2, 5, 4, device=device)
    sample.sum_and_difference.out(x, y, out0=out0, out1=out1)
    assert torch.equal(out0, total) and torch.equal(out1, difference)
    with torch.device("meta"):
        assert sample.swish_glu(torch.empty(3, 1), torch.empty(2), 1.0).shape == (3, 2)


@built
def test_an_operator_compiles(sample, device):
    x, gate = torch.randn(2, 16, device=device)
    compiled = torch.compile(lambda x, gate: sample.swish_glu(x, gate, 2.0) + 1, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, gate), sample.swish_glu(x, gate, 2.0) + 1)


@compiling
def test_gradients_are_those_of_the_body(device):
    """Also where an operator of gems has the same name."""
    ops = gems.load_inline("inline_gradient", text_of("inline_gradient", "x * x", op="silu_and_mul"))
    x = torch.randn(8, device=device, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(ops.silu_and_mul(x).sum(), x, create_graph=True)
    torch.testing.assert_close(gradient, 2 * x)
    torch.testing.assert_close(*torch.autograd.grad(gradient.sum(), x), torch.full_like(x, 2))
    assert torch.equal(torch.func.vmap(ops.silu_and_mul)(x.detach()), x.detach() ** 2)
    assert ops.silu_and_mul.default in gems.decompositions()


@built
def test_a_rowwise_operator(device):
    rows = gems.load(BUILT / "row_ops.so")
    x, weight = torch.randn(4, 6, device=device, requires_grad=True), torch.randn(6, device=device, requires_grad=True)
    at = torch.tensor([0, 1, 2, 5], device=device)
    for given in (None, weight):
        value, scale, total = rows.scaled_norm(x, given, at)
        expected_scale = x.square().mean(-1).rsqrt() * x[torch.arange(4), at]
        expected = x * expected_scale[:, None]
        torch.testing.assert_close(scale, expected_scale)
        torch.testing.assert_close(total, expected.sum(0))
        expected = expected if given is None else expected * weight
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(torch.autograd.grad(value.sum(), x), torch.autograd.grad(expected.sum(), x))
    torch.testing.assert_close(rows.plain_sum(x, dim=[0, 1]), x.sum())


@built
def test_a_wrong_body_is_told_at_the_call_by_file_line_operand_and_cure(sample, device):
    x = torch.randn(3, device=device)
    with pytest.raises(RuntimeError) as raised:
        sample.wrong(x, x)
    assert re.search(r"op 'wrong' \(.*sample_ops\.cpp:\d+\): bit_and takes integers and bool, given operand 0 'x' of dtype f32; "
                     r"promote it to another type in \.promotion_methods, or cast it", str(raised.value))


@built
@pytest.mark.parametrize(("file", "words"), [
    ("format_of_the_past.so", "is a module of format 0, and this gems reads format 1: rebuild it with the installed gems"),
    ("two_of_one_name.so", "op 'minus' is defined twice: at minus.c:7 and at again.c:8; give one another name"),
    ("other_sample_ops.so", "a module 'sample_ops' is already loaded from"),
    ("no_such.so", "there is no file"),
])
def test_what_cannot_be_loaded_is_refused(sample, file, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        gems.load(BUILT / file)


@built
def test_a_namespace_of_another_library_is_refused():
    taken = torch.library.Library("changing", "DEF")
    try:
        with pytest.raises(ValueError, match=r"(?s)PyTorch refuses the operators of 'changing'.*Give the module another name"):
            gems.load(BUILT / "changing.so")
    finally:
        taken._destroy()


def test_a_file_that_is_no_module_is_refused(tmp_path):
    file = tmp_path / "my_ops.so"
    file.write_text("not a library")
    with pytest.raises(ValueError, match="is no module of gems operators: expected a shared library with GEMS_OPERATORS"):
        gems.load(file)


# gems.load_inline

@pytest.fixture
def cache(tmp_path):
    """Runs a program with a cache directory of its own; returns what it prints, or fails."""
    folder = tmp_path / "cache"

    def run(program, expected=0, **environment):
        package = pathlib.Path(gems.__file__).parents[1]
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={
            **os.environ, "PYTHONPATH": str(package), "GEMS_CACHE_DIR": str(folder), **environment})
        assert done.returncode == expected, done.stderr
        return done.stdout if expected == 0 else done.stderr

    run.folder = folder / "modules"
    return run


def program_of(text, name, then="print(torch.ops.{name}.{name}(torch.tensor([0.0, 2.0])).tolist())"):
    return f"import torch, gems\ngems.load_inline({name!r}, {text!r})\n" + then.format(name=name)


@compiling
def test_a_text_is_compiled_once_and_kept_in_a_private_folder(cache):
    program = program_of(text_of("inline_ops", "x * 3"), "inline_ops")
    assert cache(program) == "[0.0, 6.0]\n"
    (kept,) = cache.folder.iterdir()
    assert kept.name.startswith("inline_ops-") and stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert kept.stat().st_mode & 0o077 == 0
    made = kept.stat().st_ino
    # A compiler that cannot compile: what is kept is used.
    fake = cache.folder.parent / "c++"
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && exec c++ --version\nexit 9\n')
    fake.chmod(0o700)
    assert "does not compile with" in cache(program, expected=1, CXX=str(fake))  # another compiler: another module
    assert cache(program) == "[0.0, 6.0]\n"
    assert [path.stat().st_ino for path in cache.folder.iterdir()] == [made]
    assert cache(program_of(text_of("inline_ops", "x * 4"), "inline_ops")) == "[0.0, 8.0]\n"
    assert len(list(cache.folder.iterdir())) == 2


@compiling
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_both_compilers_build_a_module_that_exports_one_symbol(cache, compiler):
    compiler = next((name for name in (compiler, f"{compiler}-22") if shutil.which(name)), None)
    if compiler is None:
        pytest.skip("not installed")
    assert cache(program_of(text_of("inline_ops", "x * 3"), "inline_ops"), CXX=compiler) == "[0.0, 6.0]\n"
    (kept,) = cache.folder.iterdir()
    exported = subprocess.run(["nm", "-D", "--defined-only", kept], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in exported.splitlines()] == ["gems_operators_1"]
    needed = subprocess.run(["readelf", "-d", kept], capture_output=True, text=True, check=True).stdout
    libraries = set(re.findall(r"\(NEEDED\).*\[(.*)\]", needed))
    assert libraries <= {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6", "ld-linux-x86-64.so.2"}


@compiling
def test_without_a_cache_a_text_is_compiled_all_the_same(cache):
    assert cache(program_of(text_of("inline_ops", "x * 3"), "inline_ops"), GEMS_CACHE="0") == "[0.0, 6.0]\n"
    assert not cache.folder.exists()


@compiling
def test_a_folder_that_others_can_write_is_not_used(cache):
    cache.folder.mkdir(parents=True, mode=0o700)
    cache.folder.chmod(0o777)
    assert cache(program_of(text_of("inline_ops", "x * 3"), "inline_ops")) == "[0.0, 6.0]\n"
    assert list(cache.folder.iterdir()) == []


@compiling
def test_the_same_text_again_is_the_same_module():
    text = text_of("inline_twice", "x + 1")
    assert gems.load_inline("inline_twice", text) is gems.load_inline("inline_twice", text) is torch.ops.inline_twice
    with pytest.raises(ValueError, match="a module 'inline_twice' is already loaded from"):
        gems.load_inline("inline_twice", text_of("inline_twice", "x + 2"))


@compiling
def test_an_error_shows_the_compilers_own_message_at_the_line_of_the_text():
    line = sys._getframe().f_lineno + 5
    with pytest.raises(RuntimeError) as raised:
        gems.load_inline("inline_wrong", """
#include "gems/dsl.h"
using namespace gems::dsl;
constexpr gems::OpDef op = pointwise({.name = "wrong"}, [](Tensor x) { return no_such_function(x); });
GEMS_OPERATORS(inline_wrong, op)
""")
    said = str(raised.value)
    assert said.startswith("gems.load_inline: 'inline_wrong' does not compile with c++:\n")
    assert f"{__file__}:{line}:" in said and "no_such_function" in said
    with pytest.raises(RuntimeError, match=r"inline_made\.cpp:6:.*no_such_function"):
        gems.load_inline("inline_made", text_of("inline_made", "no_such_function(x)").replace("[](Ten", "\n[](Ten"))


@compiling
def test_a_wrong_body_is_told_at_the_line_of_the_text():
    line = sys._getframe().f_lineno + 4
    ops = gems.load_inline("inline_body", """
#include "gems/dsl.h"
using namespace gems::dsl;
constexpr gems::OpDef op = pointwise({.name = "flip", .promotion_methods = {promote({0}, Default)}},
                                     [](Tensor x) { return ~x; });
GEMS_OPERATORS(inline_body, op)
""")
    with pytest.raises(RuntimeError, match=re.escape(f"op 'flip' ({__file__}:{line}): bit_not takes integers and bool, given operand")):
        ops.flip(torch.randn(3))


def test_a_text_without_the_module_is_refused_before_it_is_compiled():
    with pytest.raises(ValueError, match=re.escape("the text of 'mine' has no GEMS_OPERATORS(mine, ...): add it")):
        gems.load_inline("mine", text_of("other"))


@compiling
@pytest.mark.parametrize(("environment", "words"), [
    ({"CXX": "no-such-compiler"}, "CXX names 'no-such-compiler', which is not on PATH"),
    ({"PATH": "", "CXX": ""}, "no C++ compiler on PATH (c++, g++, clang++); install g++ 11 or clang++ 14"),
])
def test_a_missing_compiler_is_named(monkeypatch, environment, words):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match=re.escape(words)):
        gems.load_inline("inline_none", text_of("inline_none"))


@compiling
def test_the_least_recently_used_modules_go(tmp_path, monkeypatch):
    monkeypatch.setattr(_modules, "_MOST_KEPT", 2)
    for age, name in enumerate(["c-1.so", "b-1.so", "a-1.so", ".writing-x.so"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    _modules._prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b-1.so", "c-1.so"]
