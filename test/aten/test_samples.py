"""PyTorch's own sample calls for every operator and dtype: sample, reference and error inputs."""

import pytest

import opdb
from agreement import Rule
from cases import DEVICE, operators, operators_and_dtypes
from operators import OPERATORS
from oracle import differences, fail_with

# Evenly chosen reference inputs per entry of the database; all of them in the slow test.
REFERENCE_LIMIT = 12
FIRST = {operator.entries: operator for operator in reversed(OPERATORS.values())}
# Operators that share an entry (both gelus, both clamps) share its samples; those of copy_ are in test_copies.py.
CASES = operators_and_dtypes(where=lambda operator: FIRST[operator.entries] is operator and operator.name != "copy_")


def sample_differences(operator, dtype, device, reference_limit):
    """Differences over all samples, each labelled with its sample."""
    found = []
    for label, call, args, kwargs in opdb.samples(operator.entries, device, dtype, reference_limit):
        # alpha makes of add and sub two operations, which ATen contracts to one in its vector loop only.
        rule = operator.rule(dtype) if kwargs.get("alpha", 1) == 1 else Rule()
        for text in differences(call, args, kwargs, served_by=operator.kernels(dtype), rule=rule):
            found.append(f"{label}: {text}")
    return found


@pytest.mark.parametrize("operator, dtype", CASES)
def test_sample_inputs(operator, dtype, device):
    found = sample_differences(operator, dtype, device, REFERENCE_LIMIT)
    fail_with(found)


@pytest.mark.slow
@pytest.mark.parametrize("operator, dtype", CASES)
def test_all_reference_inputs(operator, dtype, device):
    found = sample_differences(operator, dtype, device, None)
    fail_with(found)


@pytest.mark.parametrize(
    "operator", operators(lambda operator: any(True for _ in opdb.errors(operator.entries, DEVICE)))
)
def test_error_inputs(operator, device):
    found = []
    for label, call, args, kwargs in opdb.errors(operator.entries, device):
        found += [f"{label}: {text}" for text in differences(call, args, kwargs)]
    fail_with(found)
