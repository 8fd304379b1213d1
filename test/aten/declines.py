"""The calls that gems leaves to ATen on purpose: the one list that the oracle accepts, each with its reason."""

import fnmatch
import re

# (ATen name glob, pattern of the reason that gems reports, why that is right)
EXPECTED = (
    ("*", r"empty|no elements", "there is nothing to compute"),
    ("*", r"sparse|quantized|nested|mkldnn|named|subclass|layout", "only dense strided tensors are served"),
)


def is_expected(name, reason):
    return any(fnmatch.fnmatchcase(name, glob) and re.search(pattern, reason, re.IGNORECASE) for glob, pattern, _ in EXPECTED)
