"""Starts the oracle: finds gems, fixes the settings it is tested under, and offers the device to the tests."""

import importlib.util
import os
import pathlib
import sys
import warnings

import pytest

# An internal failure must raise here instead of falling back to ATen, or it would pass every comparison.
os.environ.setdefault("GEMS_STRICT", "1")
# Several workers share the cores: waiting threads of one are not to spin while another computes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if importlib.util.find_spec("gems") is None:
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "runtime" / "aten" / "python"))

import torch  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--device", default="cpu", choices=("cpu", "cuda"), help="where the tensors live")


def pytest_configure(config):
    device = config.getoption("--device")
    if device == "cuda" and not torch.cuda.is_available():
        raise pytest.UsageError("--device cuda: torch sees no CUDA device here; use --device cpu")
    # Tables that are read while tests are collected (dtypes by device) need the device before any fixture exists.
    os.environ["GEMS_TEST_DEVICE"] = device
    # Each comparison runs the same call twice: a warning that torch gives once per process would differ.
    torch.set_warn_always(True)
    warnings.simplefilter("ignore")
    if "PYTEST_XDIST_WORKER" in os.environ:
        torch.set_num_threads(2)


def pytest_collection_modifyitems(config, items):
    if config.getoption("--device") == "cuda":
        return
    skip = pytest.mark.skip(reason="needs --device cuda")
    for item in items:
        if "cuda" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def device(request):
    return request.config.getoption("--device")


@pytest.fixture(autouse=True)
def untouched_switches():
    """Every test starts and ends with the override off and the counters at zero."""
    import gems

    gems.disable()
    gems.reset_report()
    torch.manual_seed(0)
    yield
    gems.disable()
