"""A case of the benchmark: operands, the call in PyTorch, and how the peers say the same."""

import dataclasses
from collections.abc import Callable

from operands import touched_bytes


@dataclasses.dataclass(frozen=True)
class Case:
    """One call. Arms other than gems make `eager`'s call under their own switch, unless theirs is given."""

    name: str
    family: str
    dtypes: tuple
    operands: Callable  # operands(make, dtype) -> tensors
    eager: Callable
    gems: Callable | None = None  # when it is not eager's call under use_gems()
    compile: Callable | None = None  # when torch.compile is given another function than eager's
    flaggems: Callable | None = None  # flaggems(flag_gems, *operands), when it is not eager's call under use_gems()
    liger: Callable | None = None  # liger(liger_kernel, *operands)
    cupy: Callable | None = None  # cupy(cupy, *arrays)
    jiterator: str | None = None  # CUDA code of a template function
    in_place: bool = False  # operands are overwritten
    out: bool = False  # the last operand is the result
    terms: float = 1.0  # how large sums become on their way to the result, for which agree.py allows rounding
    devices: tuple = ("cpu", "cuda")  # where ATen has the call

    def key(self, dtype):
        return f"{self.name}, {str(dtype)[6:]}"

    def bytes(self, operands, result):
        read = operands[:-1] if self.out else operands
        return sum(map(touched_bytes, read)) + sum(map(touched_bytes, results(result)))


def results(value):
    """What a call returned, as a list of tensors."""
    return list(value) if isinstance(value, tuple | list) else [value]


def rows(count):
    return lambda make, dtype: [make.row(dtype) for _ in range(count)]


def plane_and(other):
    """A square plane, and beside it what `other` makes."""
    return lambda make, dtype: [make.plane(dtype), other(make, dtype)]


def images(make, dtype):
    """A batch of images in PyTorch's order NCHW."""
    count, channels = max(1, make.side // 128), max(2, make.side // 32)
    side = int((make.side**2 / count / channels) ** 0.5)
    return make(count, channels, side, side, dtype=dtype)


def heads(make, dtype):
    """Attention heads: batch, sequence, heads, elements of a head."""
    sequence, count, width = make.side // 4, max(2, make.side // 256), max(8, make.side // 64)
    return make(max(1, make.count // sequence // count // width), sequence, count, width, dtype=dtype)
