"""Every call of an ATen overload, from its schema: which operands are tensors, and which numbers are tried for the others.

ATen takes another kernel by the value of a number (x ** 2, x / 2) or by where it comes from (a 0-dim tensor), so each
such value is a call of its own.
"""

import dataclasses
import enum
import functools
import itertools

import torch


class Shape(enum.Enum):
    """What a tensor argument may be: one of all elements, or of one, without dimensions."""

    FULL = "tensor"
    POINT = "0-dim tensor"


FULL, POINT = Shape.FULL, Shape.POINT
# Values of arguments that are numbers or text in the schema, by operator and argument, or by argument alone.
VALUES = {
    ("pow", "exponent"): (-3, -2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 10),
    ("pow", "self"): (2, 0.5, 10),
    ("clamp", "min"): (-1, None),
    ("clamp", "max"): (1, None),
    "min": (0, -1),
    "max": (0, 1),
    "other": (0, 0.5),  # of comparisons
    "alpha": (1, 2),
    "threshold": (0, 0.5),
    "value": (0, 1.5),
    "approximate": ("none", "tanh"),
    "rounding_mode": (None, "trunc", "floor"),
    "non_blocking": (False,),
}
# What else than a tensor of all elements a tensor argument may be. A number reaches the overload as a 0-dim CPU tensor.
INSTEAD = {
    ("add", "self"): (2,),
    ("add", "other"): (POINT, 2),
    ("sub", "self"): (2,),
    ("sub", "other"): (POINT, 2),
    ("mul", "other"): (POINT, 2, -1, 0.3),
    ("div", "self"): (1, 2),
    ("div", "other"): (POINT, 1, 2, 3, 0.25, -4),
    ("pow", "self"): (POINT,),
    ("pow", "exponent"): (POINT,),
    ("where", "self"): (POINT, 0),
    ("where", "other"): (POINT, 0),
    ("clamp", "min"): (POINT, None),
    ("clamp", "max"): (POINT, None),
    ("copy", "src"): (torch.float32, torch.bfloat16, torch.int32, torch.int64),
    "min": (POINT,),
    "max": (POINT,),
    "other": (POINT,),
}
# Whose operands are matrices, or vectors: products.py measures them.
PRODUCTS = {"mm", "addmm", "addmv", "bmm", "baddbmm", "dot", "vdot"}
ONLY_POINTS = {("masked_fill", "value")}
MASKS = ("condition", "mask")
# Operands that are positive: where ATen's result would be NaN, or a division by zero.
POSITIVE = {"log", "pow", "rsqrt", "sqrt", ("div", "other"), ("reciprocal", "self")}


def _found(table, op, name):
    return table.get((op, name), table.get(name, ()))


@dataclasses.dataclass(frozen=True)
class Call:
    """One overload ("add_.Tensor") with a choice for each argument: a Shape, the dtype of a tensor, or the value itself."""

    overload: str
    choices: tuple

    @property
    def packet(self):
        return self.overload.partition(".")[0]

    @property
    def op(self):
        return self.packet.removesuffix("_")

    @property
    def form(self):
        if any(each.is_out for each in schema(self.overload).arguments):
            return "out"
        return "inplace" if self.packet.endswith("_") else "functional"

    @property
    def text(self):
        """The choices that tell this call from others of the overload: "other=3, rounding_mode=floor"."""
        tried = zip(_inputs(self.overload), self.choices, strict=True)
        chosen = [(each.name, choice) for each, choice in tried if len(_choices(self.op, each)) > 1 and choice is not FULL]
        return ", ".join(f"{name}={_shown(choice)}" for name, choice in chosen)

    def operands(self, make, dtype):
        """The tensors of the call in the schema's order, that for the result last."""
        tensors = [
            self._tensor(make, each.name, choice, dtype)
            for each, choice in zip(_inputs(self.overload), self.choices, strict=True)
            if _is_tensor(choice)
        ]
        if self.form == "out":
            tensors.append(torch.empty_like(self.bound(getattr(torch.ops.aten, self.packet), tensors)()))
        return tensors

    def _tensor(self, make, name, choice, dtype):
        if name in MASKS:
            return make.row(torch.bool)
        if choice is POINT:
            return torch.tensor(2, dtype=dtype, device=make.device)
        x = make.row(choice if isinstance(choice, torch.dtype) else dtype)
        if not {self.op, (self.op, name)} & POSITIVE:
            return x
        return x.abs_().clamp_min_(2**-10 if x.is_floating_point() else 1)

    def bound(self, function, tensors):
        """The call without arguments; without the tensor for the result where the tensors end before it."""
        left = iter(tensors)
        values = [next(left) if _is_tensor(choice) else choice for choice in self.choices] + list(left)
        given = list(zip(schema(self.overload).arguments, values, strict=False))
        positional = [value for argument, value in given if not argument.kwarg_only]
        named = {argument.name: value for argument, value in given if argument.kwarg_only}
        return functools.partial(function, *positional, **named)

    def __call__(self, *tensors):
        return self.bound(self.function, tensors)()

    @functools.cached_property
    def function(self):
        """The overload itself; where a tensor argument is a number, the one that ATen has for the number and that leads to it."""
        packet = getattr(torch.ops.aten, self.packet)
        inputs = zip(_inputs(self.overload), self.choices, strict=True)
        if any(_takes_tensor(each) and isinstance(choice, int | float) for each, choice in inputs):
            return packet
        return getattr(packet, self.overload.partition(".")[2] or "default")


@functools.cache
def schema(overload):
    packet, _, name = overload.partition(".")
    return getattr(getattr(torch.ops.aten, packet), name or "default")._schema


def _inputs(overload):
    """The arguments but the tensor for the result, which schemas have last."""
    return [each for each in schema(overload).arguments if not each.is_out]


def _takes_tensor(argument):
    return "Tensor" in str(argument.type)


def _is_tensor(choice):
    return isinstance(choice, Shape | torch.dtype)


def _shown(choice):
    return choice.value if isinstance(choice, Shape) else str(choice).removeprefix("torch.")


def _choices(op, argument):
    if not _takes_tensor(argument):
        return _found(VALUES, op, argument.name)
    if (op, argument.name) in ONLY_POINTS:
        return (POINT,)
    if argument.alias_info is not None:  # overwritten
        return (FULL,)
    return (FULL, *_found(INSTEAD, op, argument.name))


def calls(overload):
    """The calls of an overload: all choices for its numbers, and for one tensor at a time something else."""
    op = overload.partition(".")[0].removesuffix("_")
    if op in PRODUCTS:
        return []
    inputs = _inputs(overload)
    found = []
    for choices in itertools.product(*(_choices(op, each) for each in inputs)):
        tensors = [choice for each, choice in zip(inputs, choices, strict=True) if _takes_tensor(each)]
        others = sum(choice is not FULL and choice is not None for choice in tensors)
        if others <= 1 and FULL in tensors:
            found.append(Call(overload, choices))
    return found
