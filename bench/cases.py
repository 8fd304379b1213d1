"""The benchmark's cases as data."""

import functools

import torch
import torch.nn.functional as F

from case import Case, heads, images, plane_and, rows
from fused_calls import FUSED_CALLS

F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16
U8, I8, BOOL, C64 = torch.uint8, torch.int8, torch.bool, torch.complex64
ALL = (F32, F16, BF16)
TWO = (F32, BF16)
NARROW = (F16, BF16)
MEDIUM = 2**21  # on the CPU eager's page faults hide the kernel in larger results


def template(name, parameters, expression):
    declared = ", ".join(f"T {each}" for each in parameters)
    return f"template <typename T> T {name}({declared}) {{ return {expression}; }}"


@functools.cache
def cupy_kernel(cupy, name, parameters, expression):
    declared = ", ".join(f"T {each}" for each in parameters)
    return cupy.ElementwiseKernel(declared, "T out", f"out = {expression}", name)


def written(name, parameters, expression):
    """The peers that take a formula."""
    return {
        "cupy": lambda cupy, *arrays: cupy_kernel(cupy, name, parameters, expression)(*arrays),
        "jiterator": template(name, parameters, expression),
    }


def function(name, dtypes, operands=None, call=None):
    """A function of one operand that CuPy and jiterator know by the same name."""
    call = call or getattr(torch, name)
    scipy = name == "erf"
    return Case(
        name,
        "functions",
        dtypes,
        operands or rows(1),
        call,
        cupy=lambda cupy, x: (cupy_special(cupy) if scipy else cupy).__dict__[name](x),
        jiterator=template(f"call_{name}", "x", f"{name}(x)"),
    )


def cupy_special(cupy):
    import cupyx.scipy.special

    return cupyx.scipy.special


ADD = {"cupy": lambda cupy, x, y: cupy.add(x, y), "jiterator": template("sum_of", "xy", "x + y")}
GELU = written("gelu_erf", "x", "x * T(0.5) * (T(1) + erf(x * T(0.7071067811865476)))")
GELU_TANH = written(
    "gelu_tanh", "x", "T(0.5) * x * (T(1) + tanh(T(0.7978845608028654) * (x + T(0.044715) * x * x * x)))"
)
SIGMOID = written("sigmoid_of", "x", "T(1) / (T(1) + exp(-x))")


def gelu_tanh(x):
    return F.gelu(x, approximate="tanh")


CONTIGUOUS = (
    Case("add", "contiguous", ALL, rows(2), torch.add, **ADD),
    Case("mul", "contiguous", TWO, rows(2), torch.mul, cupy=lambda cupy, x, y: cupy.multiply(x, y),
         jiterator=template("product_of", "xy", "x * y")),
    Case("clamp", "contiguous", TWO, rows(1), lambda x: torch.clamp(x, -0.5, 0.5),
         cupy=lambda cupy, x: cupy.clip(x, -0.5, 0.5)),
    Case("where", "contiguous", TWO, lambda make, d: [make.row(BOOL), make.row(d), make.row(d)], torch.where,
         cupy=lambda cupy, condition, x, y: cupy.where(condition, x, y)),
    Case("relu", "contiguous", (BF16,), rows(1), torch.relu),
    Case("add, odd size", "unaligned", TWO, lambda make, d: [make(make.count - 3, dtype=d) for _ in range(2)],
         torch.add, **ADD),
    Case("add, offset by one", "unaligned", TWO,
         lambda make, d: [make(make.count + 1, dtype=d)[1:] for _ in range(2)], torch.add, **ADD),
    Case("gelu, offset by one", "unaligned", (BF16,), lambda make, d: [make(make.count + 1, dtype=d)[1:]], F.gelu),
    Case("add", "one byte", (U8, I8), rows(2), torch.add, **ADD),
    Case("bitwise_and", "one byte", (U8,), rows(2), torch.bitwise_and,
         cupy=lambda cupy, x, y: cupy.bitwise_and(x, y)),
    Case("logical_not", "one byte", (BOOL,), rows(1), torch.logical_not, cupy=lambda cupy, x: cupy.logical_not(x)),
    Case("x > y", "one byte", TWO, rows(2), torch.gt, cupy=lambda cupy, x, y: cupy.greater(x, y)),
)  # fmt: skip

FUNCTIONS = (
    Case("gelu", "functions", ALL, rows(1), F.gelu, **GELU),
    Case("gelu tanh", "functions", ALL, rows(1), gelu_tanh, **GELU_TANH),
    Case("silu", "functions", TWO, rows(1), F.silu, **written("silu_of", "x", "x / (T(1) + exp(-x))")),
    Case("sigmoid", "functions", NARROW, rows(1), torch.sigmoid, **SIGMOID),
    function("exp", NARROW),
    function("log", NARROW, lambda make, dtype: [make.positive(dtype)]),
    function("erf", NARROW),
    function("tanh", NARROW),
    function("sin", NARROW),
    Case("pow 2.5", "functions", (F32,), lambda make, d: [make.positive(d)], lambda x: torch.pow(x, 2.5),
         cupy=lambda cupy, x: cupy.power(x, cupy.float32(2.5)), jiterator=template("power", "x", "pow(x, T(2.5))")),
)  # fmt: skip

LAYOUTS = (
    Case("row", "broadcast", TWO, plane_and(lambda make, d: make(make.side, dtype=d)), torch.add, **ADD),
    Case("column", "broadcast", TWO, plane_and(lambda make, d: make(make.side, 1, dtype=d)), torch.add, **ADD),
    Case("outer product", "broadcast", TWO,
         lambda make, d: [make(make.side, 1, dtype=d), make(1, make.side, dtype=d)], torch.mul,
         cupy=lambda cupy, x, y: cupy.multiply(x, y)),
    Case("bias on NCHW", "broadcast", TWO,
         lambda make, d: [images(make, d), make(1, max(2, make.side // 32), 1, 1, dtype=d)], torch.add, **ADD),
    Case("row of each batch", "broadcast", (BF16,),
         lambda make, d: [make(64, make.count // 64 // 64, 64, dtype=d), make(64, 1, 64, dtype=d)], torch.add, **ADD),
    Case("scalar", "broadcast", TWO, lambda make, d: [make.row(d), make(dtype=d)], torch.add, **ADD),
    Case("add f32 + bf16", "mixed", (F32,), plane_and(lambda make, d: make.plane(BF16)), torch.add),
    Case("mul f16 * f32", "mixed", (F32,), lambda make, d: [make.row(F16), make.row(d)], torch.mul,
         cupy=lambda cupy, x, y: cupy.multiply(x, y)),
    Case("x + y.t()", "transposed", (F32, BF16, U8), plane_and(lambda make, d: make.plane(d).t()), torch.add, **ADD),
    Case("x.t().contiguous()", "transposed", (F32, BF16, U8), lambda make, d: [make.plane(d).t()],
         lambda x: x.contiguous(), cupy=lambda cupy, x: cupy.ascontiguousarray(x)),
    Case("NHWC + NCHW", "transposed", TWO,
         lambda make, d: [images(make, d).to(memory_format=torch.channels_last), images(make, d)], torch.add, **ADD),
    Case("permute(0, 2, 1, 3).contiguous()", "transposed", (F16,), lambda make, d: [heads(make, d).permute(0, 2, 1, 3)],
         lambda x: x.contiguous(), cupy=lambda cupy, x: cupy.ascontiguousarray(x)),
    Case("left halves", "sliced", TWO, lambda make, d: [make.plane(d)[:, : make.side // 2] for _ in range(2)],
         torch.add, **ADD),
    Case("every second row", "sliced", TWO, lambda make, d: [make.plane(d)[::2] for _ in range(2)], torch.add, **ADD),
    Case("row of three", "generic", TWO,
         lambda make, d: [make(make.count // 3, 3, dtype=d), make(3, dtype=d)], torch.add, **ADD),
    Case("every second column, in place", "generic", TWO, lambda make, d: [make.plane(d)[:, ::2] for _ in range(2)],
         lambda x, y: x.add_(y), in_place=True),
    Case("abs", "complex", (C64,), rows(1), torch.abs, cupy=lambda cupy, x: cupy.abs(x)),
    Case("mul", "complex", (C64,), rows(2), torch.mul, cupy=lambda cupy, x, y: cupy.multiply(x, y)),
)  # fmt: skip


def _ops(name, *extra):
    """torch.ops.gems.NAME, found when it is called."""
    return lambda *operands: getattr(torch.ops.gems, name)(*operands, *extra)


def halves(make, dtype):
    return list(make.plane(dtype).chunk(2, dim=-1))


FUSED = (
    Case("silu_and_mul", "fused", TWO, rows(2), lambda x, y: F.silu(x) * y, _ops("silu_and_mul"),
         flaggems=lambda flag_gems, x, y: flag_gems.silu_and_mul(x, y),
         **written("silu_times", "xy", "x / (T(1) + exp(-x)) * y")),
    Case("gelu_and_mul", "fused", TWO, rows(2), lambda x, y: F.gelu(x) * y, _ops("gelu_and_mul"),
         flaggems=lambda flag_gems, x, y: flag_gems.gelu_and_mul(x, y)),
    Case("silu_and_mul of halves", "fused", (BF16,), halves, lambda x, y: F.silu(x) * y, _ops("silu_and_mul"),
         flaggems=lambda flag_gems, x, y: flag_gems.silu_and_mul(x, y)),
    Case("bias + gelu", "fused", TWO, plane_and(lambda make, d: make(make.side, dtype=d)),
         lambda x, bias: F.gelu(x + bias), _ops("bias_gelu")),
    Case("residual + scale", "fused", TWO, rows(2), lambda x, residual: residual + 0.3 * x,
         _ops("residual_scale_add", 0.3)),
    *FUSED_CALLS,
)  # fmt: skip

GPU_CASES = CONTIGUOUS + FUNCTIONS + LAYOUTS + FUSED


def sized(name, call, count, size, dtype, **peers):
    text = f"{name} 2^{size.bit_length() - 1}"
    return Case(text, "small", (dtype,), lambda make, d: [make(size, dtype=d) for _ in range(count)], call, **peers)


SMALL_SIZES = tuple(2**power for power in (10, 14, 16, 18, 20, 23))
SMALL_CASES = tuple(
    sized(name, call, count, size, dtype, **peers)
    for name, call, count, peers in (("add", torch.add, 2, ADD), ("gelu", F.gelu, 1, GELU))
    for dtype in TWO
    for size in SMALL_SIZES
)


def _into(name, group, count, call):
    """Operands and the tensor for the result, of a size that suits a CPU."""
    return Case(name, group, TWO, lambda make, d: [make(MEDIUM, dtype=d) for _ in range(count + 1)], call, out=True)


GELU_OUT = torch.ops.aten.gelu.out
CPU_CASES = (
    _into("add", "contiguous", 2, lambda x, y, out: torch.add(x, y, out=out)),
    _into("mul", "contiguous", 2, lambda x, y, out: torch.mul(x, y, out=out)),
    _into("exp", "functions", 1, lambda x, out: torch.exp(x, out=out)),
    _into("tanh", "functions", 1, lambda x, out: torch.tanh(x, out=out)),
    _into("gelu", "functions", 1, lambda x, out: GELU_OUT(x, out=out)),
    _into("gelu tanh", "functions", 1, lambda x, out: GELU_OUT(x, approximate="tanh", out=out)),
    Case("silu_and_mul", "fused", TWO, lambda make, d: [make(MEDIUM, dtype=d) for _ in range(2)],
         lambda x, y: F.silu(x) * y, _ops("silu_and_mul")),
)  # fmt: skip


def _tiny(count):
    return lambda make, dtype: [make(64, dtype=dtype) for _ in range(count)]


# Calls of tiny tensors, timed on the host.
HOST_CASES = (
    Case("a + b", "host", (F32,), _tiny(2), lambda a, b: a + b, cupy=lambda cupy, a, b: a + b,
         jiterator=ADD["jiterator"]),
    Case("a.add_(b)", "host", (F32,), _tiny(2), lambda a, b: a.add_(b), in_place=True),
    Case("add(a, b, out=c)", "host", (F32,), _tiny(3), lambda a, b, out: torch.add(a, b, out=out), out=True,
         cupy=lambda cupy, a, b, out: cupy.add(a, b, out)),
    Case("a * 2", "host", (F32,), _tiny(1), lambda a: a * 2, cupy=lambda cupy, a: a * 2),
    Case("gelu(a)", "host", (F32,), _tiny(1), F.gelu, **GELU),
)  # fmt: skip
