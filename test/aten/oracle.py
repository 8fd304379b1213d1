"""The oracle: runs one call with the override off and on and returns every difference, silent declines included."""

import contextlib
import dataclasses
import re
import warnings

import pytest
import torch
from torch.utils import _pytree as pytree

import gems
from agreement import Rule, metadata_differences, value_difference
from clones import clone, in_double, tensors
from declines import is_expected


# Given at the first allocation of such a tensor, inside ATen or outside; how often says nothing about a call.
ONCE_PER_PROCESS = "ComplexHalf support is experimental"


@dataclasses.dataclass
class Outcome:
    """All that a caller can see of a call."""

    result: object = None
    error: tuple | None = None  # (type name, text)
    warnings: tuple = ()  # (category name, text)
    arguments: object = None  # as they are after the call


def check(call, *args, served_by=(), exact=False, rule=None, may_decline=(), **kwargs):
    """Fails the test with the differences between ATen and gems for call(*args, **kwargs).

    served_by: base names of ATen operators ("add"); at least one must have been called, and none may have declined
    unless declines.py lists why, or may_decline has the reason. Empty: not looked at.
    rule: how near values must be. exact: short for the rule that wants every bit.
    """
    fail_with(differences(call, args, kwargs, served_by, exact, rule, may_decline))


def fail_with(found, limit=20):
    """Fails the test when there are differences, and prints the first ones without a traceback."""
    if found:
        more = [f"... and {len(found) - limit} more"] if len(found) > limit else []
        pytest.fail("\n".join(found[:limit] + more), pytrace=False)


def differences(call, args, kwargs, served_by=(), exact=False, rule=None, may_decline=()):
    """The differences as sentences; arguments as those of check()."""
    expected = observe(call, args, kwargs)
    gems.reset_report()
    given = observe(call, args, kwargs, gems.use_gems())
    report = gems.report() if served_by else {}
    found = compare(expected, given, lambda: _reference(call, args, kwargs), (rule or Rule(exact=exact)).on(args))
    if expected.error is None and served_by:
        involved = tensors((args, kwargs, expected.result))
        found += unexpected_declines(
            report, served_by, lambda name, why: why in may_decline or is_expected(name, why, involved)
        )
    return found


def observe(call, args, kwargs, switch=None):
    """The outcome of a call on copies of the arguments; the switch is on during the call only."""
    args, kwargs = clone((args, kwargs))
    outcome = Outcome(arguments=(args, kwargs))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with switch or contextlib.nullcontext():
                outcome.result = call(*args, **kwargs)
        except Exception as error:  # which exceptions may come is what is compared
            outcome.error = type(error).__name__, _clean(str(error))
    given = [(each.category.__name__, _clean(str(each.message))) for each in caught]
    outcome.warnings = tuple(each for each in given if not each[1].startswith(ONCE_PER_PROCESS))
    return outcome


def compare(expected, given, reference, rule):
    """Differences between two outcomes as sentences."""
    if expected.error != given.error:
        return [f"error: ATen {expected.error}, gems {given.error}"]
    found = []
    if expected.warnings != given.warnings:
        found.append(f"warnings: ATen {expected.warnings}, gems {given.warnings}")
    want, have = tensors((expected.result, expected.arguments)), tensors((given.result, given.arguments))
    if pytree.tree_structure(expected.result) != pytree.tree_structure(given.result):
        return found + [f"result: ATen {expected.result!r}, gems {given.result!r}"]
    plain = [
        [leaf for leaf in pytree.tree_leaves(tree) if not isinstance(leaf, torch.Tensor)]
        for tree in (expected.result, given.result)
    ]
    if plain[0] != plain[1]:
        found.append(f"result: ATen {plain[0]}, gems {plain[1]}")
    if _aliases(want) != _aliases(have):
        found.append(f"aliasing among result and arguments: ATen {_aliases(want)}, gems {_aliases(have)}")
    wide = _Once(reference)
    for index, (a, b) in enumerate(zip(want, have, strict=True)):
        label = "result" if index < len(tensors(expected.result)) else "argument after the call"
        found += [f"{label} {index}: {text}" for text in metadata_differences(a, b)]
        if a.shape == b.shape and a.dtype == b.dtype:
            text = value_difference(a, b, lambda index=index: wide.at(index), rule.of_result(index))
            found += [f"{label} {index}: {text}"] if text else []
    return found


def unexpected_declines(report, served_by, expected):
    """What the counters say against "our kernel ran"; expected(name, reason): whether a decline is meant to be."""
    rows = {name: row for name, row in report.items() if name.split(".")[0].rstrip("_") in served_by and row.calls}
    if not rows:
        return [
            f"no override of {sorted(served_by)} was called; called: {sorted(n for n in report if report[n].calls)}"
        ]
    found = []
    for name, row in rows.items():
        for reason, count in row.declined.items():
            if count and not expected(name, reason):
                found.append(f"{name} declined {count} of {row.calls} calls: {reason}")
        if row.served + sum(row.declined.values()) != row.calls:
            found.append(f"{name}: {row.calls} calls, but {row.served} served and {dict(row.declined)} declined")
    return found


def assert_served(report, *names):
    """Each of these ATen operators ran our kernel at least once, and none of its overloads declined a call."""
    for name in names:
        assert name in report and report[name].served > 0, f"{name} was not served; report:\n{report}"
    fail_with(
        unexpected_declines(report, {name.split(".")[0].rstrip("_") for name in names}, lambda name, reason: False)
    )


class _Once:
    """The float64 reference, computed when first asked for."""

    def __init__(self, compute):
        self._compute, self._tensors = compute, None

    def at(self, index):
        if self._tensors is None:
            self._tensors = self._compute() or []
        return self._tensors[index] if index < len(self._tensors) else None


def _reference(call, args, kwargs):
    """The tensors of result and arguments when all of the call happens in double precision on the CPU, or None."""
    default = torch.get_default_dtype()
    args, kwargs = in_double((args, kwargs))
    kwargs = {name: "cpu" if name == "device" else value for name, value in kwargs.items()}
    torch.set_default_dtype(torch.float64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = call(*args, **kwargs)
    except Exception:  # not every call exists in double precision; then ATen's own result is the reference
        return None
    finally:
        torch.set_default_dtype(default)
    return [tensor.detach() for tensor in tensors((result, (args, kwargs)))]


def _aliases(found):
    """For each tensor the index of the first one that has its storage."""
    first = {}
    indices = []
    for index, tensor in enumerate(found):
        storage = tensor.untyped_storage()._cdata if tensor.layout == torch.strided else id(tensor)
        indices.append(first.setdefault(storage, index))
    return indices


def _clean(text):
    """Messages without the place in the sources that raised them."""
    return re.sub(r"\s*\(Triggered internally at [^)]*\)", "", text)
