"""python -m gems doctor: how the dispatcher's tables are read. test/wheel runs it where gems is installed."""

import json

import torch

from gems import _doctor
from processes import python

DUMP = """name: aten::neg
schema: aten::neg(Tensor self) -> Tensor
Tracer: registered at /pytorch/torch/csrc/autograd/generated/TraceType_5.cpp:8157 :: (Tensor _0) -> Tensor _0 [ boxed unboxed ]
CPU: gems :: (Tensor _0) -> Tensor _0 [ boxed unboxed ]
CPU (inactive): registered at /site-packages/torch/_native/registry.py:380 :: (none) [ boxed ]
CPU (inactive): registered at /pytorch/build/aten/src/ATen/RegisterCPU_3.cpp:4311 :: (Tensor _0) -> Tensor _0 [ boxed unboxed ]
CUDA: registered at /home/other.py:7 :: (none) [ boxed ]
SparseCPU: registered at /pytorch/build/aten/src/ATen/RegisterSparseCPU_0.cpp:1655 :: (Tensor _0) -> Tensor _0 [ boxed unboxed ]
"""


def test_the_owners_of_kernels_are_told_in_the_order_of_the_dispatcher():
    assert _doctor.kernels_of(DUMP) == {"CPU": ["gems", "torch._native", "ATen"], "CUDA": ["/home/other.py:7"]}


def test_operators_with_the_same_owners_are_one_line():
    kernels = {f"op{index}": {"CPU": ["gems", "ATen"]} for index in range(9)} | {"neg": {"CPU": ["other", "gems"]}}
    assert list(_doctor.groups(kernels)) == ["CPU  gems > ATen: 9 operators", "CPU  other > gems: 1 operators (neg)"]


def test_a_kernel_registered_later_comes_first():
    code = """
import json, torch, gems
gems.enable("neg")
library = torch.library.Library("aten", "IMPL")
library.impl("neg", lambda x: x * -1, "CPU")
from gems import _doctor
print(json.dumps(_doctor.examine()))
"""
    done = python(code)
    found = json.loads(done.stdout)
    assert found["problem"] is None and found["torch"] == torch.__version__
    assert found["kernels"]["neg"]["CPU"][1:] == ["gems", "ATen"] and "gems" not in found["kernels"]["neg"]["CPU"][0]


def test_a_cache_that_is_off_is_told():
    done = python("from gems import _doctor; print(_doctor.as_text(_doctor.examine()))", GEMS_CACHE="0")
    assert "not writable: kernels stay in memory" in done.stdout, done.stderr
