"""PyTorch's own operator database: which dtypes an operator takes, and sample calls for it."""

import itertools
import sys
import types
import unittest

import torch

try:
    import expecttest  # noqa: F401
except ImportError:
    # The database's module derives a class of its own from expecttest's; nothing that is read here uses it.
    sys.modules["expecttest"] = types.SimpleNamespace(TestCase=unittest.TestCase)

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

_entries = {(entry.name, entry.variant_test_name): entry for entry in op_db}


def entry(name, variant=""):
    """The database's entry, e.g. entry("div", "floor_rounding")."""
    return _entries[name, variant]


def dtypes(names, device):
    """Every dtype that one of the entries takes on this device, in a fixed order."""
    found = set()
    for name in names:
        found |= set(entry(*name).supported_dtypes(device))
    return sorted(found, key=str)


def samples(names, device, dtype, reference_limit):
    """(name, call, arguments, keyword arguments) of sample inputs, then of `reference_limit` reference inputs."""
    for name in names:
        found = entry(*name)
        if dtype not in found.supported_dtypes(device):
            continue
        yield from _named(found, "sample", found.sample_inputs(device, dtype))
        reference = list(found.reference_inputs(device, dtype))
        step = max(1, -(-len(reference) // reference_limit)) if reference_limit else 1
        yield from _named(found, "reference", reference[::step])


def errors(names, device):
    """(name, call, arguments, keyword arguments) of calls that the operator must refuse."""
    for name in names:
        found = entry(*name)
        if found.error_inputs_func is None:
            continue
        yield from _named(found, "error", (error.sample_input for error in found.error_inputs(device)))


def _named(found, kind, inputs):
    for index, sample in zip(itertools.count(), inputs):
        label = f"{found.formatted_name} {kind} {index} {_summary(sample)}"
        yield label, found.op, (sample.input, *sample.args), dict(sample.kwargs)


def _summary(sample):
    """The call's arguments in a few words, so that a failure can be typed in again."""

    def one(value):
        if isinstance(value, torch.Tensor):
            layout = list(value.stride()) if value.layout == torch.strided else value.layout
            return f"{str(value.dtype)[6:]}{list(value.shape)}/{layout}"
        return repr(value)

    words = [one(value) for value in (sample.input, *sample.args)]
    words += [f"{name}={one(value)}" for name, value in sample.kwargs.items()]
    return "(" + ", ".join(words) + ")"
