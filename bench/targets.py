"""What a case should reach, as data: a fraction of a same-size copy's speed, and speed-ups over its peers.

A family's target is reached when its slowest case reaches it. The most specific row counts: device and size of the
element, then size, then device, then none.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    """None: not asked. Every other peer: no slower than it."""

    copy: float | None = 0.97
    eager: float | None = 1.0
    compile: float | None = 1.0


# family: {(device, bytes of an element): Target}
TARGETS = {
    "contiguous": {(None, None): Target()},
    "one byte": {(None, None): Target(copy=0.92)},
    "functions": {
        (None, 2): Target(eager=1.03, compile=1.05),
        ("NVIDIA H200", 2): Target(eager=1.1, compile=1.05),
        (None, None): Target(),
    },
    "unaligned": {(None, None): Target(copy=0.95)},
    "broadcast": {(None, 2): Target(eager=1.9), (None, None): Target(eager=1.25)},
    "mixed": {(None, None): Target(eager=1.2)},
    "transposed": {
        (None, 1): Target(copy=0.80, eager=3.5),
        (None, 2): Target(copy=0.93, eager=3.5),
        (None, None): Target(copy=0.95, eager=2.0),
    },
    "sliced": {(None, None): Target(copy=0.95)},
    "generic": {(None, None): Target(copy=None)},  # moved by the element: accesses bound it, not bytes
    "complex": {(None, None): Target(copy=0.95)},
    "fused": {(None, None): Target(eager=1.6)},
    "small": {(None, None): Target(copy=None)},
}
_ON_A_CPU = {("CPU", 2): Target(copy=None, eager=1.3), ("CPU", None): Target(copy=None)}
# The same of reductions along rows and columns, and of what is built on them.
ROW_TARGETS = {
    "rows": {(None, None): Target(copy=0.95)} | _ON_A_CPU,  # forward, rows of 2 KB to 128 KB
    "short rows": {(None, None): Target(copy=0.88)} | _ON_A_CPU,  # of 256 bytes to 2 KB
    "long rows": {(None, None): Target(copy=0.85)} | _ON_A_CPU,
    "other lengths": {(None, None): Target(copy=0.88)} | _ON_A_CPU,  # no powers of two, or unaligned
    "columns": {(None, None): Target(copy=0.80)},  # softmax along a dimension that is not the last
    "softmax backward": {(None, None): Target(copy=0.93)},
    "norm backward": {(None, None): Target(copy=0.85)},
    "group norm": {(None, None): Target(copy=0.85)},
    "losses": {(None, None): Target(copy=0.93)},
    "losses and gradients": {(None, None): Target(copy=0.85)},
    "reductions, last": {(None, None): Target(copy=0.93)} | _ON_A_CPU,
    "reductions, first": {(None, None): Target(copy=0.93)} | _ON_A_CPU,
    "reductions, middle": {(None, None): Target(copy=0.93)} | _ON_A_CPU,
    "reductions, all": {(None, None): Target(copy=0.93)} | _ON_A_CPU,
    "few rows": {(None, None): Target(copy=None)},  # launches bound them
}
# Where one case is to do better than its family, or differently.
CASE_TARGETS = {
    "gelu": {("NVIDIA H200", 2): Target(eager=1.38, compile=1.5)},
    "pow 2.5": {(None, None): Target(eager=1.03, compile=1.05), ("NVIDIA H200", None): Target(eager=1.47, compile=1.05)},
    "abs": {(None, None): Target(copy=0.95, eager=2.0)},
    "adam step": {(None, None): Target(eager=1.0)},  # eager's is one fused kernel, too
    "scalar": {(None, None): Target()},
}
CPU_TARGET = Target(copy=None)  # fractions of a copy say little where a kernel computes longer than it moves


@dataclasses.dataclass(frozen=True)
class Means:
    """Of all cases of a program: the geometric mean beside a copy, and the host time of a call beside eager's."""

    of_copy: float
    host_of_eager: float


POINTWISE = Means(of_copy=0.965, host_of_eager=0.7)
ROWWISE = Means(of_copy=0.93, host_of_eager=0.8)
# Milliseconds of a first call in a process that has compiled before, and of one that finds its kernel on disk.
COMPILE_MS = {"simple": 45, "erf": 60}
DISK_HIT_MS = 1.5


def target_of(case, family, device, element_bytes):
    """The most specific target of the case, else of its family."""
    if device == "CPU":
        table = ROW_TARGETS.get(family, {})
        return table.get((device, element_bytes), table.get((device, None), CPU_TARGET))
    for table in (CASE_TARGETS.get(case, {}), (TARGETS | ROW_TARGETS)[family]):
        for key in ((device, element_bytes), (None, element_bytes), (device, None), (None, None)):
            if key in table:
                return table[key]
    raise KeyError(f"case {case} of family {family} has no target")
