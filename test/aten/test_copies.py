"""copy_, to and contiguous: every pair of dtypes, every layout, and floats that no integer can hold."""

import pytest
import torch

import layouts
import opdb
import values
from oracle import check, differences, fail_with

DTYPES = (*values.FLOATS, *values.COMPLEX, *values.INTEGERS, torch.bool, *values.UNLISTED)
COPY = frozenset({"copy"})


def named(dtype):
    return str(dtype)[6:]


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
@pytest.mark.parametrize(
    "layout", [*layouts.ALONE, "transposed_first", "transposed_last", "row_broadcast", "column_broadcast"]
)
def test_copy_converts(dtype, layout, device):
    source_dtypes = DTYPES if layout == "contiguous" else (dtype, *values.PRIMARY)
    found = []
    for source in source_dtypes:

        def make(shape, index, source=source):
            return values.random(shape, dtype if index == 0 else source, device)

        destination, copied = layouts.LAYOUTS[layout](make, 2)
        for text in differences(torch.Tensor.copy_, (destination, copied), {}, served_by=COPY, exact=True):
            found.append(f"from {named(source)}: {text}")
    fail_with(found)


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
def test_to_dtype(dtype, device):
    found = []
    for source in DTYPES:
        for layout in ("contiguous", "transposed", "channels_last", "expanded_outer", "sliced_inner", "zero_dim"):
            (x,) = layouts.LAYOUTS[layout](lambda shape, index, source=source: values.random(shape, source, device), 1)
            for arguments in ({}, {"copy": True}, {"memory_format": torch.contiguous_format}):
                copies = COPY if dtype != source or "copy" in arguments else ()  # else `to` returns its argument
                for text in differences(torch.Tensor.to, (x, dtype), arguments, served_by=copies, exact=True):
                    found.append(f"from {named(source)} {layout} {arguments}: {text}")
    fail_with(found)


@pytest.mark.parametrize("layout", [name for name in layouts.ALONE if "empty" not in name])
@pytest.mark.parametrize("dtype", values.PRIMARY, ids=named)
def test_contiguous_clone_and_memory_formats(dtype, layout, device):
    (x,) = layouts.LAYOUTS[layout](lambda shape, index: values.random(shape, dtype, device), 1)
    check(torch.Tensor.contiguous, x, exact=True)
    check(torch.clone, x, exact=True)
    if x.dim() == 4:
        check(torch.Tensor.contiguous, x, memory_format=torch.channels_last, exact=True)


@pytest.mark.parametrize("target", [*values.INTEGERS, torch.bool], ids=named)
@pytest.mark.parametrize("source", values.FLOATS, ids=named)
def test_floats_that_no_integer_holds(source, target, device):
    special = torch.tensor(values.specials(source), dtype=source, device=device).repeat(3)
    # ATen's vector loop and its scalar loop differ for some of these on the CPU: then there is nothing to match.
    strided = torch.stack([special, special], 1)[:, 0]
    consistent = special.to(target) == strided.to(target)
    check(torch.Tensor.to, special[consistent], target, served_by=COPY, exact=True)


@pytest.mark.parametrize("dtype", opdb.dtypes([("to", "")], "cpu"), ids=named)
def test_sample_inputs_of_to(dtype, device):
    found = []
    for label, call, args, kwargs in opdb.samples([("to", "")], device, dtype, None):
        found += [f"{label}: {text}" for text in differences(call, args, kwargs, exact=True)]
    fail_with(found)
