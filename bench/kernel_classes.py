"""What the GPU does in a call: how many kernels and copies, and how long, by class, from PyTorch's profiler."""

import json
import pathlib
import re
import tempfile

import torch

# The first that finds a kernel's name is its class. torch.compile names its kernels after the operators around them.
CLASSES = {
    "gems": r"^gems_",
    "attention": r"^(?!triton_).*(flash|fmha|sdpa|attention)",
    "gemm": r"gemm|gemv|cutlass|cublas|nvjet|xmma|splitk",
    "copies": r"^Mem(cpy|set)|copy_kernel|CatArray",
}
OTHER = "other"
CATEGORIES = ("kernel", "gpu_memcpy", "gpu_memset")  # of the profiler's events: what runs on the GPU


def class_of(name):
    return next((each for each, pattern in CLASSES.items() if re.search(pattern, name, re.IGNORECASE)), OTHER)


def counted(events):
    """{"kernels", "kernel_ms", "class_ms": {class: ms}} of a trace's events. "kernels" counts copies too."""
    found = [each for each in events if each.get("cat") in CATEGORIES]
    spent = dict.fromkeys((*CLASSES, OTHER), 0.0)
    for each in found:
        spent[class_of(each["name"])] += each["dur"] / 1000
    return {"kernels": len(found), "kernel_ms": sum(spent.values()), "class_ms": spent}


def profiled(call):
    """The same of a call, on CUDA."""
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        call()
        torch.cuda.synchronize()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trace.json"
        profile.export_chrome_trace(str(path))
        return counted(json.loads(path.read_text())["traceEvents"])
