"""The operators under test: how to call each one, its entries in PyTorch's database, and what serves it."""

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

import opdb
from agreement import Rule

ALWAYS = "always"  # agrees bit by bit in every dtype
# The same but for the sign of zero: maximum(0.0, -0.0), and 0 - z for -z, depend on which loop of ATen takes them.
ZEROS_ALIKE = "zeros alike"
IEEE = "ieee"  # one correctly rounded operation: bit by bit in f32 and f64
IEEE_DTYPES = (torch.float32, torch.float64)
ROUNDED = "rounded"  # floats by the float64 rule
# The same but for the sign of zero: ATen's gelu of -6 is -0.0 by its AVX-512 kernel and 0.0 by its AVX2 kernel.
ROUNDED_ZEROS_ALIKE = "rounded, zeros alike"


@dataclasses.dataclass(frozen=True)
class Operator:
    name: str
    call: Callable  # call(*tensors), keyword arguments already bound
    operands: tuple  # one of "value", "mask" (a bool tensor) for each tensor
    entries: tuple  # keys of PyTorch's database
    served_by: frozenset  # base names of the ATen operators that may compute it
    exactness: str
    out: Callable | None = None  # out(*tensors, out=tensor)
    in_place: Callable | None = None  # in_place(self, *tensors)
    number_left: bool = False  # takes a Python number for the first operand
    number_right: bool = False  # takes a Python number for the last operand
    constant_for: Callable = lambda dtype: False  # ATen fills in a constant, or copies, for these dtypes
    terms: Callable | None = None  # as Rule.terms
    extended: Callable | None = None  # as Rule.extended
    gradient_terms: Callable | None = None  # as terms, for the operator's gradient, given a gradient of at most 3
    gradient_saved: Callable | None = None  # as Rule.saved, the same

    def rule(self, dtype):
        """How near results must be to ATen's for operands of this dtype."""
        exact = self.exactness in (ALWAYS, ZEROS_ALIKE) or (self.exactness == IEEE and dtype in IEEE_DTYPES)
        zeros = self.exactness not in (ZEROS_ALIKE, ROUNDED_ZEROS_ALIKE)
        return Rule(exact=exact, signed_zeros=zeros, terms=self.terms, extended=self.extended)

    def kernels(self, dtype):
        """Base names of the operators one of which must run; none where ATen computes nothing."""
        return self.served_by if not self.constant_for(dtype) else frozenset()

    def dtypes(self, device):
        return opdb.dtypes(self.entries, device)

    def gradient_dtypes(self, device):
        return {dtype for entry in self.entries for dtype in opdb.entry(*entry).supported_backward_dtypes(device)}

    def __str__(self):
        return self.name


def _integral(dtype):
    return not (dtype.is_floating_point or dtype.is_complex)


def _keys(entries):
    return tuple(key if isinstance(key, tuple) else (key, "") for key in entries)


def _unary(name, exactness=ROUNDED, entry=None, served_by=None, call=None, out=None, in_place=None, **more):
    call = call or getattr(torch, name)
    return Operator(
        name, call, ("value",), _keys([entry or name]), frozenset(served_by or {name}), exactness,
        out=out or (call if hasattr(torch, name) else None),
        in_place=in_place or getattr(torch.Tensor, name + "_", None), **more,
    )  # fmt: skip


def _binary(
    name, exactness, entries=None, served_by=None, call=None, in_place=None, left=True, right=True, methods=True,
    **more,
):
    call = call or getattr(torch, name)
    return Operator(
        name, call, ("value", "value"), _keys(entries or [name]), frozenset(served_by or {name}), exactness, out=call,
        in_place=in_place or (getattr(torch.Tensor, name + "_", None) if methods else None),
        number_left=left, number_right=right, **more,
    )  # fmt: skip


def _division(name, mode):
    return _binary(
        name, ROUNDED, entries=[("div", f"{mode}_rounding")], served_by={"div"},
        call=partial(torch.div, rounding_mode=mode), in_place=partial(torch.Tensor.div_, rounding_mode=mode),
    )  # fmt: skip


def _gelu(name, approximate):
    bound = {"approximate": approximate}
    return _unary(
        name, ROUNDED_ZEROS_ALIKE, entry="nn.functional.gelu", served_by={"gelu"}, call=partial(F.gelu, **bound),
        out=partial(torch.ops.aten.gelu.out, **bound), in_place=partial(torch.ops.aten.gelu_, **bound),
        terms=lambda x, *out: x, gradient_terms=lambda x: 3 + 3 * x.abs(),
    )  # fmt: skip


def _exponent_of_pow(x, y, *out):
    """exp(y log(x)) of complex numbers: the rounding of the exponent, as a part of the result."""
    if not (torch.is_complex(torch.as_tensor(x)) or torch.is_complex(torch.as_tensor(y))):
        return torch.zeros(())
    x, y = torch.as_tensor(x, dtype=torch.complex128), torch.as_tensor(y, dtype=torch.complex128)
    return x.pow(y).abs() * (y * x.log()).abs()


CLAMP = frozenset({"clamp", "clamp_min", "clamp_max"})


def _comparison(name):
    return _binary(name, ALWAYS, left=False)


_operators = (
    _binary("add", IEEE),
    _binary("sub", IEEE, served_by={"sub", "rsub"}),
    _binary("mul", IEEE),
    _binary("div", IEEE, entries=[("div", "no_rounding_mode")]),
    _division("div_trunc", "trunc"),
    _division("div_floor", "floor"),
    _binary(
        "pow", ROUNDED, served_by={"pow", "mul", "sqrt", "rsqrt", "reciprocal", "fill", "copy"}, terms=_exponent_of_pow
    ),
    _unary("neg", ZEROS_ALIKE),
    _unary("abs", IEEE),
    _unary("reciprocal", IEEE),
    _unary("relu", ALWAYS, entry="nn.functional.relu", out=torch.ops.aten.relu.out, served_by={"relu", "clamp_min"}),
    _gelu("gelu", "none"),
    _gelu("gelu_tanh", "tanh"),
    _unary(
        "silu", entry="nn.functional.silu", call=F.silu, out=torch.ops.aten.silu.out,
        in_place=partial(F.silu, inplace=True),
    ),  # fmt: skip
    _unary("sigmoid", gradient_saved=lambda x: 3 * x.sigmoid() * (1 - 2 * x.sigmoid())),
    _unary(
        "tanh", gradient_terms=lambda x: 3 + 3 * x.tanh().abs().square(),
        gradient_saved=lambda x: 6 * x.tanh().abs().square(),
    ),  # fmt: skip
    _unary("exp"),
    _unary("log", extended=np.log),
    _unary("sqrt"),
    _unary("rsqrt"),
    _unary("sin"),
    _unary("cos"),
    _unary("erf"),
    *map(_comparison, ("eq", "ne", "lt", "le", "gt", "ge")),
    _binary("maximum", ZEROS_ALIKE, left=False, right=False, methods=False),
    _binary("minimum", ZEROS_ALIKE, left=False, right=False, methods=False),
    _unary(
        "clamp", ALWAYS, served_by=CLAMP,
        call=partial(torch.clamp, min=-2, max=3), out=partial(torch.clamp, min=-2, max=3),
        in_place=partial(torch.Tensor.clamp_, min=-2, max=3),
    ),  # fmt: skip
    Operator(
        "clamp_tensor", torch.clamp, ("value", "value", "value"), _keys(["clamp"]), CLAMP, ZEROS_ALIKE,
        out=torch.clamp, in_place=torch.Tensor.clamp_,
    ),  # fmt: skip
    Operator(
        "where", torch.where, ("mask", "value", "value"), _keys(["where"]), frozenset({"where"}), ALWAYS,
        out=torch.where, number_right=True,
    ),  # fmt: skip
    Operator(
        "masked_fill", partial(torch.masked_fill, value=1), ("value", "mask"), _keys(["masked_fill"]),
        frozenset({"masked_fill"}), ALWAYS, in_place=partial(torch.Tensor.masked_fill_, value=1),
    ),  # fmt: skip
    _binary("bitwise_and", ALWAYS),
    _binary("bitwise_or", ALWAYS),
    _unary("bitwise_not", ALWAYS),
    _binary("logical_and", ALWAYS, left=False, right=False),
    _binary("logical_or", ALWAYS, left=False, right=False),
    _unary("logical_not", ALWAYS),
    _unary("isnan", ALWAYS, served_by={"isnan", "ne"}),
    _unary("isinf", ALWAYS, served_by={"isinf", "eq", "abs"}, constant_for=_integral),
    Operator(
        "copy_", lambda x, y: torch.empty_like(x).copy_(y), ("value", "value"), _keys(["isinf"]), frozenset({"copy"}),
        ALWAYS, in_place=torch.Tensor.copy_,
    ),  # fmt: skip
)  # fmt: skip

OPERATORS = {operator.name: operator for operator in _operators}
