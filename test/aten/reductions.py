"""The reductions under test: how to call each one, its entries in PyTorch's database, the overloads that compute it, and a
bound on its rounding, where terms may cancel.
"""

import dataclasses
from collections.abc import Callable

import torch

import opdb
from served import FLOATS, is_served

INFINITY = float("inf")


@dataclasses.dataclass(frozen=True)
class Reduction:
    name: str
    call: Callable  # call(x, dim, keepdim); dim None: all
    entry: tuple  # a key of PyTorch's database
    of_dims: str  # the overload that takes dims
    of_all: str  # the overload for dim None
    out: Callable | None = None  # out(x, dim, keepdim, out)
    of_out: str | None = None
    several: bool = True  # takes a list of dims
    takes_all: bool = True  # takes dim None
    takes_dtype: bool = False  # call(..., dtype=) converts before
    bound: Callable | None = None  # bound(x, dim, keepdim) -> of the rounding of each result; None: exact
    differentiable: bool = False
    composed: bool = False  # of other operators in ATen, each rounded to the dtype: so it is, unless it is served whole

    def overload(self, dim):
        return self.of_all if dim is None else self.of_dims

    def dtypes(self, device):
        return opdb.dtypes([self.entry], device)

    def terms(self, dtype, device, *calls):
        """A bound of all results of calls (dim, keepdim), as Rule.terms."""
        if self.bound is None:
            return None
        pieces = self.composed and dtype.is_floating_point and not is_served(self.name, dtype, device)
        weight = torch.finfo(dtype).eps / torch.finfo(torch.float32).eps if pieces else 1

        def bounds(x, *rest):
            each = [self.bound(x, dim, keepdim) for dim, keepdim in calls]
            return tuple(weight * bound for one in each for bound in (one if isinstance(one, tuple) else (one,)))

        return bounds

    def __str__(self):
        return self.name


def _over(function, **more):
    """call(x, dim, keepdim) of a function that knows dim=None."""
    return lambda x, dim, keepdim, **dtype: function(x, dim=dim, keepdim=keepdim, **more, **dtype)


def _with_out(function, **more):
    return lambda x, dim, keepdim, out: function(x, dim=dim, keepdim=keepdim, out=out, **more)


def _all_or_dim(function):
    """Of a function that has no dim=None: without dim it takes everything, without keepdim."""
    return lambda x, dim, keepdim, **dtype: (
        function(x, **dtype) if dim is None else function(x, dim=dim, keepdim=keepdim, **dtype)
    )


def _sizes(x, dim):
    """How many elements a row has."""
    if x.dim() == 0:
        return 1
    dims = range(x.dim()) if dim is None or dim == () else (dim,) if isinstance(dim, int) else dim
    count = 1
    for each in dims:
        count *= x.shape[each]
    return max(count, 1)


def _absolute_sum(x, dim, keepdim):
    return x.abs().sum(dim, keepdim)


def _absolute_mean(x, dim, keepdim):
    return _absolute_sum(x, dim, keepdim) / _sizes(x, dim)


def _product(x, dim, keepdim):
    """Each product is rounded once."""
    magnitude = x.abs().prod() if dim is None else x.abs().prod(dim, keepdim)
    return magnitude * _sizes(x, dim) ** 0.5


def _deviation(call):
    """var and std are sums of a few large terms and many small ones; they lose little of what their mean loses."""
    return lambda x, dim, keepdim: call(x, dim, keepdim).abs() * 4 + _absolute_mean(x, dim, keepdim) * 1e-3


def _with_mean(call):
    return lambda x, dim, keepdim: (call(x, dim, keepdim)[0].abs() * 4, _absolute_mean(x, dim, keepdim))


def _itself(call):
    return lambda x, dim, keepdim: call(x, dim, keepdim).abs() * 2


def _log_of_sum(x, dim, keepdim):
    dims = tuple(range(x.dim())) if dim is None else dim
    x = x.double() if not x.is_complex() else x.abs()
    if x.numel() == 0:
        return torch.zeros_like(torch.logsumexp(x, dims, keepdim))
    return 2 + x.abs().nan_to_num(0, 0, 0).amax(dims, keepdim)


def _norm(order):
    return _over(lambda x, **more: torch.linalg.vector_norm(x, order, **more))


def _norm_out(order):
    return _with_out(lambda x, **more: torch.linalg.vector_norm(x, order, **more))


def _variance(name, **more):
    call = _over(getattr(torch, name), **more)
    two = name.endswith("_mean")
    return Reduction(
        " ".join([name, *(f"{key}={value}" for key, value in more.items())]), call, (name, ""), f"{name}.correction",
        f"{name}.correction", None if two else _with_out(getattr(torch, name), **more), None if two else f"{name}.correction_out",
        bound=(_with_mean if two else _deviation)(call), differentiable=True,
    )  # fmt: skip


def _truth(name):
    function = getattr(torch, name)
    return Reduction(
        name, lambda x, dim, keepdim: function(x, dim=dim, keepdim=keepdim), (name, ""), f"{name}.dim", f"{name}.dims",
        lambda x, dim, keepdim, out: function(x, dim=dim, keepdim=keepdim, out=out), f"{name}.out",
    )  # fmt: skip


def _extreme(name):
    """With indices where a dim is given."""
    function = getattr(torch, name)
    return Reduction(
        name, _all_or_dim(function), (name, "reduction_with_dim"), f"{name}.dim", name,
        lambda x, dim, keepdim, out: function(x, dim=dim, keepdim=keepdim, out=out), f"{name}.dim_{name}", several=False,
        differentiable=True,
    )  # fmt: skip


def _index(name):
    return Reduction(name, _over(getattr(torch, name)), (name, ""), name, name, _with_out(getattr(torch, name)),
                     f"{name}.out", several=False)  # fmt: skip


def _limit(name):
    """amax and amin: () is all, None is not taken."""
    function = getattr(torch, name)
    return Reduction(
        name, lambda x, dim, keepdim: function(x, () if dim is None else dim, keepdim), (name, ""), name, name,
        lambda x, dim, keepdim, out: function(x, () if dim is None else dim, keepdim, out=out), f"{name}.out",
        differentiable=True,
    )  # fmt: skip


def _norm_row(order):
    return Reduction(
        f"norm {order}", _norm(order), ("linalg.vector_norm", ""), "linalg_vector_norm", "linalg_vector_norm", _norm_out(order),
        "linalg_vector_norm.out", bound=_itself(_norm(order)), differentiable=order not in (0,),
    )  # fmt: skip


ROWS = (
    Reduction("sum", _over(torch.sum), ("sum", ""), "sum.dim_IntList", "sum.dim_IntList", _with_out(torch.sum),
              "sum.IntList_out", takes_dtype=True, bound=_absolute_sum, differentiable=True),
    Reduction("mean", _over(torch.mean), ("mean", ""), "mean.dim", "mean.dim", _with_out(torch.mean), "mean.out",
              takes_dtype=True, bound=_absolute_mean, differentiable=True),
    Reduction("prod", _all_or_dim(torch.prod), ("prod", ""), "prod.dim_int", "prod",
              lambda x, dim, keepdim, out: torch.prod(x, dim, keepdim, out=out), "prod.int_out", several=False,
              takes_dtype=True, bound=_product, differentiable=True),
    Reduction("nansum", _over(torch.nansum), ("nansum", ""), "nansum", "nansum", _with_out(torch.nansum), "nansum.out",
              takes_dtype=True, bound=lambda x, dim, keepdim: _absolute_sum(x.nan_to_num(0), dim, keepdim),
              differentiable=True),
    _limit("amax"),
    _limit("amin"),
    Reduction("aminmax", lambda x, dim, keepdim: torch.aminmax(x, dim=dim, keepdim=keepdim), ("aminmax", ""), "aminmax",
              "aminmax", several=False),
    _extreme("max"),
    _extreme("min"),
    _index("argmax"),
    _index("argmin"),
    _truth("all"),
    _truth("any"),
    _variance("var"),
    _variance("var", correction=0),
    _variance("var_mean"),
    _variance("std"),
    _variance("std_mean", correction=1.5),
    _norm_row(2),
    _norm_row(1),
    _norm_row(0),
    _norm_row(3),
    _norm_row(INFINITY),
    _norm_row(-INFINITY),
    Reduction("count_nonzero", lambda x, dim, keepdim: torch.count_nonzero(x, dim), ("count_nonzero", ""),
              "count_nonzero.dim_IntList", "count_nonzero.dim_IntList"),
    Reduction("logsumexp", lambda x, dim, keepdim: torch.logsumexp(x, tuple(range(x.dim())) if dim is None else dim, keepdim),
              ("logsumexp", ""), "logsumexp", "logsumexp",
              lambda x, dim, keepdim, out: torch.logsumexp(x, dim, keepdim, out=out), "logsumexp.out", bound=_log_of_sum,
              differentiable=True, composed=True),
)  # fmt: skip
REDUCTIONS = {row.name: row for row in ROWS}
PRIMARY = tuple(getattr(torch, name) for name in ("float32", "bfloat16", "int64", "bool", "uint8"))
FLOAT_DTYPES = tuple(getattr(torch, name) for name in FLOATS)
