"""Compares the operators of my_ops.so with their formulas in PyTorch: python test_my_ops.py build/my_ops.so"""

import sys

import gems
import torch

ops = gems.load(sys.argv[1])
devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]

for device in devices:
    for dtype in (torch.float32, torch.bfloat16):
        x, gate = torch.randn(2, 64, 100, device=device, dtype=dtype)
        wide = x.double()
        torch.testing.assert_close(ops.swish_glu(x, gate, 1.7), (wide * torch.sigmoid(1.7 * wide) * gate.double()).to(dtype))

    prediction, target = torch.randn(64, 100, device=device), torch.randn(100, device=device)
    error, clipped = ops.clipped_error(prediction, target, 0.5)
    torch.testing.assert_close(error, (prediction - target).clamp(-0.5, 0.5))
    assert torch.equal(clipped, (prediction - target).abs() > 0.5)

    x, gate = torch.randn(2, 64, 100, device=device, dtype=torch.float64, requires_grad=True).unbind()
    (gradient,) = torch.autograd.grad(ops.swish_glu(x, gate, 1.7).sum(), x)
    torch.testing.assert_close(gradient, torch.autograd.grad((x * torch.sigmoid(1.7 * x) * gate).sum(), x)[0])

    weight = torch.randn(32, 100, device=device)
    layer = torch.ops.gems.linear_act(prediction, weight, act="my_ops::mish")
    torch.testing.assert_close(layer, torch.nn.functional.mish(prediction @ weight.t()), rtol=1e-4, atol=1e-4)

    out = torch.empty(64, 100, device=device)
    ops.swish_glu.out(prediction, target, 1.0, out=out)
    assert torch.equal(out, ops.swish_glu(prediction, target, 1.0))

print(f"my_ops: {', '.join(devices)} agree with PyTorch")
