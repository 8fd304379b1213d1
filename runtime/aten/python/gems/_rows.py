"""Rowwise operators in terms of ATen's: what a decomposition does with rows, columns and reductions.

Every value has all dimensions of the elements, with size 1 along those where it does not vary.
"""

import math

import torch


def _expanded(value, shape):
    """DTensor knows no strategy for an expansion that changes nothing."""
    return value if list(value.shape) == list(shape) else value.expand(shape)


class Rows:
    """The rows of one call: elements of `shape` (ints or symbols), of which the dimensions `dims` are reduced."""

    def __init__(self, shape, dims, keepdim):
        rank = len(shape)
        self.shape, self.keepdim = list(shape), keepdim
        self.dims = sorted(dim % rank for dim in dims or range(rank)) if rank else []
        self.kept = [dim for dim in range(rank) if dim not in self.dims]
        self.length = math.prod(self.shape[dim] for dim in self.dims)

    def operand(self, value, extent):
        """A tensor of that extent, which may have the dimensions only along which it varies."""
        if value.dim() == len(self.shape) or extent == "element":
            return value
        for dim in self.dims if extent == "row" else self.kept:
            value = value.unsqueeze(dim)
        return value

    def index(self, like):
        """The index in the row, from a tensor of elements: DTensor has no strategy for what begins with no tensor."""
        index = torch.zeros_like(like, dtype=torch.int64)
        for dim in self.dims:
            index = index * self.shape[dim] + torch.ones_like(like, dtype=torch.int64).cumsum(dim) - 1
        return index

    def tie(self, value, elements):
        """A value of rows, made to depend on the tensor of elements, which no node reads: its rows are sharded alike."""
        return value + torch.zeros_like(elements.sum(self.dims, keepdim=True), dtype=value.dtype)

    def _along_rows(self, value):
        """With all elements of each row."""
        return _expanded(value, [self.shape[dim] if dim in self.dims else size for dim, size in enumerate(value.shape)])

    def _last(self, value):
        """Rows as one last dimension."""
        if not self.dims:
            return value.unsqueeze(-1)
        if self.kept + self.dims != list(range(value.dim())):
            value = value.permute(self.kept + self.dims)
        kept = list(value.shape[: len(self.kept)])
        return value if len(self.dims) == 1 else value.reshape([*kept, math.prod(value.shape[len(kept) :])])

    def _without_dims(self, value, dims):
        """Without dimensions of size 1."""
        for dim in reversed(dims):
            value = value.squeeze(dim)
        return value

    def _first(self, value):
        """What _last made, of one value for each row, with all dimensions."""
        for dim in self.dims:
            value = value.unsqueeze(dim)
        return value

    def reduce(self, name, part, value):
        """Part of the reduction `name` of dsl/include/gems/dsl/reduce_ops.def."""
        value = self._along_rows(value)
        if name == "sum":
            return value.sum(self.dims, keepdim=True)
        if name == "prod":
            return self._first(self._last(value).prod(-1))
        if name in ("max", "min"):
            return (torch.amax if name == "max" else torch.amin)(value, self.dims, keepdim=True)
        if name in ("max_index", "min_index"):
            best = (torch.max if name == "max_index" else torch.min)(self._last(value), -1)
            return self._first(best.indices if part else best.values)
        if name == "moments":
            mean = value.sum(self.dims, keepdim=True) / self.length
            return ((value - mean) ** 2).sum(self.dims, keepdim=True) if part else mean
        if name == "exp_sum":
            maximum = torch.amax(value, self.dims, keepdim=True)
            if part == 0:
                return maximum
            terms = torch.where(value == -math.inf, torch.zeros_like(value), torch.exp(value - maximum))
            return terms.sum(self.dims, keepdim=True)
        raise NotImplementedError(f"a decomposition knows no reduction {name!r}")

    def pick(self, value, index, like):
        """The value at each row's index; 0 where the row has no such index. No gather, which DTensor does not shard."""
        picked = torch.where(self.index(like) == index, value, torch.zeros_like(value))
        return picked.sum(self.dims, keepdim=True, dtype=value.dtype)

    def result(self, value, extent):
        """As the operator returns a value of that extent."""
        if extent == "element":
            return value if list(value.shape) == self.shape else value.expand(self.shape).clone(memory_format=torch.contiguous_format)
        if extent == "row":
            value = _expanded(value, [1 if dim in self.dims else size for dim, size in enumerate(self.shape)])
            return value.clone() if self.keepdim else self._without_dims(value, self.dims).clone()
        value = _expanded(value, self.shape)
        return value.sum(self.kept, dtype=value.dtype) if self.kept else value.clone()
