"""The calls that gems leaves to ATen on purpose: the one list that the oracle accepts, with conditions and reasons."""

import fnmatch

import torch

PLAIN = (torch.Tensor, torch.nn.Parameter)


def _not_plain(tensors):
    return any(type(each) not in PLAIN or each.layout != torch.strided or each.has_names() for each in tensors)


def _lazy_bits(tensors):
    return any(each.is_conj() or each.is_neg() for each in tensors)


def _devices(tensors):
    return len({each.device for each in tensors}) > 1


def _numbers_only(tensors):
    return len(tensors) == 1 and tensors[0].dim() == 0  # the result's


def _complex_on_cuda(tensors):
    return any(each.is_complex() and each.is_cuda for each in tensors)


def _complex_halves_on_cuda(tensors):
    return any(each.dtype == torch.complex32 and each.is_cuda for each in tensors)


def _float8(tensors):
    return any(each.is_floating_point() and each.dtype.itemsize == 1 for each in tensors)


def _complex_bfloat16(tensors):
    return any(each.dtype == getattr(torch, "bcomplex32", None) for each in tensors)


def _powers_of_two(tensors):
    return any(each.dtype == torch.float8_e8m0fnu for each in tensors)


def _narrow(tensors):
    return any(each.dtype in (torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool) for each in tensors)


def _shared_memory(tensors):
    owners = [each.untyped_storage()._cdata for each in tensors if each.layout == torch.strided]
    return len(set(owners)) < len(owners) or _expanded(tensors)


def _complex_and_real(tensors):
    return len({each.is_complex() for each in tensors}) == 2


def _expanded(tensors):
    return any(
        size > 1 and stride == 0 for each in tensors for size, stride in zip(each.shape, each.stride(), strict=True)
    )


def _always(tensors):
    return True


# (ATen name glob, reason that gems reports, condition on the call's tensors, why that is right)
EXPECTED = (
    (
        "*",
        "tensor is a subclass, sparse, quantized, nested, mkldnn or named",
        _not_plain,
        "only plain strided tensors are served",
    ),
    ("*", "conj or neg bit", _lazy_bits, "ATen resolves the bit first"),
    ("*", "ATen warns", _complex_and_real, "ATen warns that the imaginary part is lost"),
    ("copy_", "dtype", _complex_and_real, "the same, known before ATen is asked"),
    ("*", "memory overlap", _shared_memory, "ATen raises, warns, or copies first"),
    ("masked_fill_*", "ATen raises", _expanded, "ATen warns that filling an expanded tensor is deprecated"),
    ("masked_fill_*", "ATen warns", _expanded, "ATen warns that filling an expanded tensor is deprecated"),
    ("*", "devices differ", _devices, "a copy between devices, or an error"),
    ("div*", "division by zero", _complex_on_cuda, "NaN, where the CPU has an infinity"),
    ("*", "arguments", _numbers_only, "two Python numbers are no work for a kernel"),
    ("pow*", "power of 0 or 1, which ATen fills in or copies", _always, "nothing to compute; test_specials.py tries others"),
    ("pow*", "dtype", _complex_halves_on_cuda, "ATen's kernel has other limits than for wider dtypes"),
    ("*", "number does not fit the dtype", _narrow, "ATen wraps it, or takes it for true"),
    ("copy_", "copy without conversion or another order", _always, "a plain copy is a memcpy"),
    ("copy_", "arguments", _always, "ATen's own kernels convert a number on their way"),
    ("*", "dtype", _powers_of_two, "a truth value by way of a dtype without zero"),
    ("*", "dtype", _complex_bfloat16, "newer versions of PyTorch make bfloat16 and a complex number that, which gems does not know"),
    ("mul*", "number does not fit the dtype", _float8, "ATen rounds the number to float8 before it multiplies"),
)


def is_expected(name, reason, tensors):
    return any(
        fnmatch.fnmatchcase(name, glob) and reason == known and condition(tensors)
        for glob, known, condition, _ in EXPECTED
    )
