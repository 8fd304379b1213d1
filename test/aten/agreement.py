"""When two results agree: dtype, shape, strides, device and aliasing always; values by bits or by the float64 rule."""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from clones import in_double

# How far beyond ATen's own distance from a float64 reference a result may lie, in epsilons of the value.
EPSILONS_BEYOND_ATEN = {
    torch.float16: 0.5,
    torch.bfloat16: 0.5,
    torch.float32: 1.0,
    torch.complex32: 0.5,
    torch.complex64: 1.0,
}
# torch has no wider type: a bound on the distance from ATen itself.
EPSILONS_FROM_ATEN = {torch.float64: 4.0, torch.complex128: 4.0}


def metadata(tensor):
    """What must be equal besides the values."""
    known = {
        "type": type(tensor).__name__,
        "dtype": tensor.dtype,
        "shape": tuple(tensor.shape),
        "device": tensor.device,
        "layout": tensor.layout,
        "requires_grad": tensor.requires_grad,
        "conj": tensor.is_conj() if tensor.is_complex() else False,
        "neg": tensor.is_neg(),
    }
    if tensor.layout == torch.strided:
        known["strides"] = tensor.stride()
        known["offset"] = tensor.storage_offset()
    return known


def metadata_differences(expected, given):
    want, have = metadata(expected), metadata(given)
    return [f"{name}: ATen {want[name]}, gems {have.get(name)}" for name in want if want[name] != have.get(name)]


@dataclasses.dataclass(frozen=True)
class Rule:
    """How near two values must be; without more, by the float64 rule."""

    exact: bool = False  # bit by bit, NaNs aside
    signed_zeros: bool = True  # False: 0.0 and -0.0 are the same, where ATen's loops differ in it
    operations: int = 1  # rounded operations that follow one another; each has the same allowance
    computed_in: torch.dtype | None = None  # the results hold only this dtype's digits
    # A further absolute allowance, for sums whose terms cancel: a number, a tensor, a tuple with one for each result, or
    # a function that makes one of these.
    slack: object = 0.0
    # Bounds the terms inside for given operands, in double: their rounding in the computation dtype stays when they
    # cancel. 1 + erf(-3) keeps few digits in ATen's kernel and in ours, but not the same ones. A tuple: for each result.
    terms: Callable | None = None
    # What a relative change of a saved result changes this one by, for given operands, in double: a gradient reads the
    # forward result as it was rounded, and 1 - y * y of the same y may be nearer to the reference or further away.
    saved: Callable | None = None
    # The function itself on numpy arrays in extended precision, for f64 and c128 where ATen loses more digits than gems.
    extended: Callable | None = None

    def on(self, operands):
        """The rule for a call on these operands: slack from terms and saved, extended as a function without arguments."""
        rule = self
        if self.terms or self.saved:
            rule = dataclasses.replace(rule, slack=lambda: self._slack_on(operands))
        if self.extended:
            rule = dataclasses.replace(rule, extended=lambda: self._extended_on(operands))
        return rule

    def _extended_on(self, operands):
        arrays = [each.detach().cpu().resolve_conj().numpy() for each in operands if isinstance(each, torch.Tensor)]
        with np.errstate(all="ignore"):
            return self.extended(*(each.astype(np.result_type(each.dtype, np.longdouble)) for each in arrays))

    def _slack_on(self, operands):
        dtype = next(each for each in operands if isinstance(each, torch.Tensor)).dtype
        computed_in = torch.float64 if dtype in EPSILONS_FROM_ATEN else torch.float32
        wide = in_double(operands)
        slack = 0.0
        with torch.no_grad():
            if self.terms:
                bounds = self.terms(*wide)
                weight = 3 * torch.finfo(computed_in).eps
                if isinstance(bounds, tuple):
                    return tuple(weight * each.abs().nan_to_num(0, 0, 0) for each in bounds)
                slack += weight * bounds.abs().nan_to_num(0, 0, 0)
            if self.saved:
                slack += torch.finfo(dtype).eps / 2 * self.saved(*wide).abs().nan_to_num(0, 0, 0)
        return slack

    def of_result(self, index):
        """The rule for one of several results."""
        return dataclasses.replace(self, slack=lambda: self._slack_of(index))

    def _slack_of(self, index):
        slack = self.slack() if callable(self.slack) else self.slack
        if isinstance(slack, tuple):
            return slack[index] if index < len(slack) else 0.0
        return slack

    def slack_for(self, value):
        slack = self._slack_of(0)
        return slack if not isinstance(slack, torch.Tensor) or slack.shape == value.shape else 0.0


def value_difference(expected, given, reference, rule=Rule()):
    """None when the values agree, else a sentence. `reference()` gives the float64 result or None, when needed."""
    if expected.layout != torch.strided:
        expected, given = expected.to_dense(), given.to_dense()
    expected, given = expected.detach().resolve_conj().resolve_neg(), given.detach().resolve_conj().resolve_neg()
    if expected.device.type == "meta" or expected.numel() == 0:
        return None
    expected, given = expected.cpu(), given.cpu()
    if (
        rule.computed_in
        and expected.is_complex() == rule.computed_in.is_complex
        and expected.dtype in EPSILONS_FROM_ATEN
    ):
        expected, given = expected.to(rule.computed_in), given.to(rule.computed_in)
    same = _same(expected, given) if rule.signed_zeros else _same(*map(_zeros_alike, (expected, given)))
    if bool(same.all()):
        return None
    if rule.exact or expected.dtype not in (*EPSILONS_BEYOND_ATEN, *EPSILONS_FROM_ATEN):
        return _describe("differs in bits", ~same, expected, given, None)
    if expected.dtype in EPSILONS_FROM_ATEN:
        within = _distance(given, expected) <= rule.slack_for(given) + rule.operations * EPSILONS_FROM_ATEN[
            expected.dtype
        ] * _epsilon(expected, expected)
        agrees = same | within | _same_infinity(expected, given)
        if rule.extended and not bool(agrees.all()):
            agrees |= _no_further(given, expected, rule.extended())
        return _verdict(agrees, expected, given, expected)
    wide = reference()
    if wide is None or wide.shape != expected.shape:
        wide = expected.to(_wide(expected))
    allowed = (
        rule.slack_for(given)
        + _distance(expected, wide)
        + rule.operations * EPSILONS_BEYOND_ATEN[expected.dtype] * _epsilon(wide, expected)
    )
    finite = torch.isfinite(expected) & torch.isfinite(given)
    rounded = _same(given, wide.to(expected.dtype))
    agrees = (
        same
        | rounded
        | (finite & (_distance(given, wide) <= allowed) & _same_zero(expected, given))
        | _same_infinity(expected, given)
    )
    return _verdict(agrees, expected, given, wide)


def _same(a, b):
    """Elementwise: equal with the same sign of zero, or both NaN. Complex: in both parts."""
    if a.is_complex():
        a, b = torch.view_as_real(a), torch.view_as_real(b)
        return _same(a, b).all(-1)
    if a.dtype.itemsize == 1 and a.is_floating_point():
        # A NaN has any sign: that of either operand, as the compiler orders them.
        return (a.view(torch.uint8) == b.view(torch.uint8)) | (torch.isnan(a.float()) & torch.isnan(b.float()))
    if not a.is_floating_point():
        return a == b
    return ((a == b) & (torch.signbit(a) == torch.signbit(b))) | (torch.isnan(a) & torch.isnan(b))


def _zeros_alike(tensor):
    if tensor.dtype.is_floating_point and tensor.dtype.itemsize == 1:
        tensor = tensor.float()
    return tensor + 0 if tensor.dtype.is_floating_point or tensor.is_complex() else tensor


def _same_zero(a, b):
    """False where both are zero with different signs; a complex zero has no sign to keep."""
    if a.is_complex():
        return torch.ones_like(a, dtype=torch.bool)
    return (a != 0) | (b != 0) | (torch.signbit(a) == torch.signbit(b))


def _same_infinity(a, b):
    """Complex only: infinite when either part is, as C99's Annex G has it, and NaN when neither is and one is NaN."""
    if not a.is_complex():
        return torch.zeros_like(a, dtype=torch.bool)
    infinite = torch.isinf(a), torch.isinf(b)
    nan = torch.isnan(a) & ~infinite[0], torch.isnan(b) & ~infinite[1]
    return (infinite[0] & infinite[1]) | (nan[0] & nan[1])


def _wide(tensor):
    return torch.complex128 if tensor.is_complex() else torch.float64


def _distance(a, b):
    return (a.to(_wide(a)) - b.to(_wide(b))).abs().nan_to_num(nan=float("inf"))


def _no_further(given, expected, extended):
    """By extended precision: where given is no further from it than expected is, plus one epsilon."""
    if extended.shape != tuple(given.shape):
        return torch.zeros_like(given, dtype=torch.bool)
    with np.errstate(all="ignore"):
        allowed = np.abs(expected.numpy() - extended) + np.finfo(np.float64).eps * np.abs(extended)
        return torch.from_numpy(np.asarray(np.abs(given.numpy() - extended) <= allowed))


def _epsilon(value, narrow):
    """The epsilon of each value in the narrow dtype; of a denormal, that of the smallest normal number."""
    limits = torch.finfo(narrow.dtype)
    return value.to(_wide(value)).abs().clamp(min=limits.tiny).nan_to_num(nan=0.0) * limits.eps


def _verdict(agrees, expected, given, wide):
    if bool(agrees.all()):
        return None
    return _describe("is too far from ATen's result", ~agrees, expected, given, wide)


def _describe(what, wrong, expected, given, wide):
    where = tuple(wrong.nonzero()[0].tolist())
    text = f"{int(wrong.sum())} of {wrong.numel()} values: {what}; first at {list(where)}: "
    text += f"ATen {expected[where].item()!r}, gems {given[where].item()!r}"
    if wide is not None:
        text += f", float64 {wide[where].item()!r}"
    return text
