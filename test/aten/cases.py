"""Parameter lists for the tests: operators with the dtypes that ATen has for them on the device under test."""

import os

import pytest

from operators import OPERATORS

DEVICE = os.environ.get("GEMS_TEST_DEVICE", "cpu")  # set by conftest.py before tests are collected


def operators_and_dtypes(dtypes=None, where=lambda operator: True):
    """(operator, dtype) for each operator that the filter takes; of these dtypes only, when given."""
    return [
        pytest.param(operator, dtype, id=f"{operator}-{str(dtype)[6:]}")
        for operator in OPERATORS.values()
        if where(operator)
        for dtype in operator.dtypes(DEVICE)
        if dtypes is None or dtype in dtypes
    ]


def operators(where=lambda operator: True):
    return [pytest.param(operator, id=str(operator)) for operator in OPERATORS.values() if where(operator)]
