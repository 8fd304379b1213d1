"""The benchmark's cases as data: operands, calls, bytes and targets."""

import dataclasses
from collections.abc import Callable

import torch
import torch.nn.functional as F

LARGE = 2**26  # elements of a large case on a GPU: 8192 x 8192
SIDE = 8192
GELU_OUT = torch.ops.aten.gelu.out
CPU_SIZE = 2**21  # eager's page faults hide the kernel in larger results

F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16


@dataclasses.dataclass(frozen=True)
class Target:
    """What a case should reach: a fraction of a same-size copy's speed, and speed-ups over eager and torch.compile."""

    copy: float | None
    eager: float
    compile: float = 1.0


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    family: str
    dtypes: tuple
    operands: Callable  # operands(make, dtype) -> tensors; make(shape, dtype)
    eager: Callable
    gems: Callable | None = None  # when it is another call than eager's
    out: bool = False  # the last operand is the result
    targets: dict = dataclasses.field(default_factory=dict)  # (device kind or "", dtype or None) -> Target

    def target(self, device_kind, dtype):
        """The most specific target: by device and dtype, by dtype, by device, for all."""
        for key in ((device_kind, dtype), ("", dtype), (device_kind, None), ("", None)):
            if key in self.targets:
                return self.targets[key]
        raise KeyError(f"case {self.name} has no target")

    def bytes(self, tensors, result):
        """Distinct bytes read and written: a broadcast operand counts once."""
        read = tensors[:-1] if self.out else tensors
        return sum(_distinct_bytes(each) for each in read) + result.numel() * result.element_size()


def _distinct_bytes(tensor):
    count = 1
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        count *= size if stride else 1
    return count * tensor.element_size()


def _same(count, *shape):
    return lambda make, dtype: [make(shape, dtype) for _ in range(count)]


def _plane_and(other):
    """A square plane, and beside it what `other` makes."""
    return lambda make, dtype: [make((SIDE, SIDE), dtype), other(make, dtype)]


def _silu_times(x, y):
    return F.silu(x) * y


def _gelu_times(x, y):
    return F.gelu(x) * y


def _fused(name):
    return lambda x, y: getattr(torch.ops.gems, name)(x, y)


def _offset(make, dtype):
    return [make((LARGE + 1,), dtype)[1:] for _ in range(2)]


PLAIN = {("", None): Target(0.97, 1.0)}
ERF = {
    ("", F32): Target(0.97, 1.0),
    ("", None): Target(0.97, 1.03, 1.05),
    ("H200", F16): Target(0.97, 1.38, 1.5),
    ("H200", BF16): Target(0.97, 1.38, 1.5),
}
TANH = {
    ("", F32): Target(0.97, 1.0),
    ("", None): Target(0.97, 1.03, 1.05),
    ("H200", F16): Target(0.97, 1.1, 1.05),
    ("H200", BF16): Target(0.97, 1.1, 1.05),
}
FUSED = {("", None): Target(0.97, 1.6)}
BROADCAST = {("", F32): Target(0.97, 1.25), ("", None): Target(0.97, 1.9)}
TRANSPOSED = {("", F32): Target(0.95, 2.0), ("", None): Target(0.93, 3.5)}
MIXED = {("", None): Target(0.97, 1.2)}
UNALIGNED = {("", None): Target(0.95, 1.0)}
SMALL = {("", None): Target(None, 1.0)}
ALL = (F32, F16, BF16)
TWO = (F32, BF16)

GPU_CASES = (
    Case("add", "contiguous", ALL, _same(2, LARGE), torch.add, targets=PLAIN),
    Case("mul", "contiguous", ALL, _same(2, LARGE), torch.mul, targets=PLAIN),
    Case("gelu", "transcendental", ALL, _same(1, LARGE), F.gelu, targets=ERF),
    Case("gelu tanh", "transcendental", ALL, _same(1, LARGE), lambda x: F.gelu(x, approximate="tanh"), targets=TANH),
    Case("silu", "transcendental", TWO, _same(1, LARGE), F.silu, targets=TANH),
    Case("silu_and_mul", "fused", ALL, _same(2, LARGE), _silu_times, _fused("silu_and_mul"), targets=FUSED),
    Case("gelu_and_mul", "fused", TWO, _same(2, LARGE), _gelu_times, _fused("gelu_and_mul"), targets=FUSED),
    Case("add row", "broadcast", TWO, _plane_and(lambda make, d: make((SIDE,), d)), torch.add, targets=BROADCAST),
    Case("add column", "broadcast", TWO, _plane_and(lambda make, d: make((SIDE, 1), d)), torch.add, targets=BROADCAST),
    Case("add transposed", "transposed", TWO, _plane_and(lambda make, d: make((SIDE, SIDE), d).t()), torch.add,
         targets=TRANSPOSED),
    Case("add f32 + bf16", "mixed", (F32,), _plane_and(lambda make, d: make((SIDE, SIDE), BF16)), torch.add,
         targets=MIXED),
    Case("add offset by one", "unaligned", TWO, _offset, torch.add, targets=UNALIGNED),
    Case("add 2^20", "small", TWO, _same(2, 2**20), torch.add, targets=SMALL),
    Case("gelu 2^20", "small", TWO, _same(1, 2**20), F.gelu, targets=SMALL),
    Case("add 2^14", "small", (F32,), _same(2, 2**14), torch.add, targets=SMALL),
)  # fmt: skip


def _into(count):
    """Operands of CPU_SIZE and the tensor for the result."""
    return lambda make, dtype: [make((CPU_SIZE,), dtype) for _ in range(count + 1)]


CPU = {("", None): Target(None, 1.0)}


def _case_into(name, family, count, call):
    return Case(name, family, TWO, _into(count), call, out=True, targets=CPU)


CPU_CASES = (
    _case_into("add", "contiguous", 2, lambda x, y, out: torch.add(x, y, out=out)),
    _case_into("mul", "contiguous", 2, lambda x, y, out: torch.mul(x, y, out=out)),
    _case_into("exp", "transcendental", 1, lambda x, out: torch.exp(x, out=out)),
    _case_into("tanh", "transcendental", 1, lambda x, out: torch.tanh(x, out=out)),
    _case_into("gelu", "transcendental", 1, lambda x, out: GELU_OUT(x, out=out)),
    _case_into("gelu tanh", "transcendental", 1, lambda x, out: GELU_OUT(x, approximate="tanh", out=out)),
    Case("silu_and_mul", "fused", TWO, _same(2, CPU_SIZE), _silu_times, _fused("silu_and_mul"), targets=CPU),
)  # fmt: skip

# name: call of two tiny tensors and one for the result, timed on the host
HOST_CASES = {
    "a + b": lambda a, b, out: a + b,
    "a.add_(b)": lambda a, b, out: a.add_(b),
    "add(a, b, out=c)": lambda a, b, out: torch.add(a, b, out=out),
    "a * 2": lambda a, b, out: a * 2,
    "gelu(a)": lambda a, b, out: F.gelu(a),
}
HOST_TARGET = 0.7  # of eager's time
