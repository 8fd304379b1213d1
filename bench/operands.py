"""Operands of a benchmark case: random values in the shapes and layouts that cases name."""

import dataclasses
import math

import torch

LARGEST = 4  # how many times a scale's count an operand may have
SECTOR_BYTES = 32  # what an NVIDIA GPU reads at least


@dataclasses.dataclass(frozen=True)
class Scale:
    """How large cases are: `count` elements in a row, or planes of `side` by `side`."""

    count: int
    side: int


GPU_SCALE = Scale(count=2**26, side=8192)
CPU_SCALE = Scale(count=2**19, side=1024)  # larger results fault more pages than a kernel takes time
TEST_SCALE = Scale(count=2**12, side=64)


class Make:
    """Makes tensors on a device. Called: normally distributed; integers from -100 to 100, or 0 to 100; bools by a coin."""

    def __init__(self, device, scale=GPU_SCALE):
        self.device = device
        self.count = scale.count
        self.side = scale.side

    def __call__(self, *shape, dtype):
        if dtype == torch.bool:
            return torch.rand(shape, device=self.device) < 0.5
        if not (dtype.is_floating_point or dtype.is_complex):
            return torch.randint(-100 if dtype.is_signed else 0, 100, shape, device=self.device).to(dtype)
        return torch.randn(shape, device=self.device, dtype=dtype if dtype.is_complex else torch.float32).to(dtype)

    def row(self, dtype):
        return self(self.count, dtype=dtype)

    def plane(self, dtype):
        return self(self.side, self.side, dtype=dtype)

    def fitted(self, *shape):
        """The shape, halved from the front until it has no more elements than the scale allows."""
        sizes = list(shape)
        for place, _ in enumerate(sizes):
            while math.prod(sizes) > LARGEST * self.count and sizes[place] > 1:
                sizes[place] = (sizes[place] + 1) // 2
        return tuple(sizes)

    def positive(self, dtype):
        return self.row(dtype).abs_().add_(2**-10)


def touched_bytes(tensor):
    """Bytes that reading or writing the tensor moves: broadcast dimensions once, gaps in a sector with it."""
    steps = [(stride, size) for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride and size > 1]
    apart = min((stride for stride, _ in steps), default=1) * tensor.element_size()
    each = max(tensor.element_size(), min(apart, SECTOR_BYTES))
    count = 1
    for _, size in steps:
        count *= size
    return count * each
