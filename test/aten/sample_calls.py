"""A few calls of each kernel family, small and checked, for running under compute-sanitizer.

Example: compute-sanitizer --tool memcheck python test/aten/sample_calls.py
"""

import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "runtime" / "aten" / "python"))

import gems  # noqa: E402


def calls(device):
    """(name, call without arguments)"""
    for dtype in (torch.float32, torch.bfloat16, torch.int8):
        x, y = (torch.arange(70 * 130, device=device).remainder(11).sub(5).to(dtype).view(70, 130) for _ in range(2))
        yield f"contiguous {dtype}", lambda x=x, y=y: x + y
        yield f"odd size, unaligned {dtype}", lambda x=x, y=y: x.view(-1)[1:1030] + y.view(-1)[2:1031]
        yield f"row broadcast {dtype}", lambda x=x, y=y: x * y[0]
        yield f"column broadcast {dtype}", lambda x=x, y=y: x * y[:, :1]
        yield f"transposed {dtype}", lambda x=x, y=y: x[:, :70] + y[:, :70].t()
        yield f"permuted {dtype}", lambda x=x, y=y: x.view(7, 10, 13, 10).permute(3, 0, 2, 1) + 1
        yield f"sliced {dtype}", lambda x=x, y=y: x[:, :129:3] + y[:, 1::3]
        yield f"comparison {dtype}", lambda x=x, y=y: x.t() < y.t()
        yield f"in place {dtype}", lambda x=x, y=y: x.clone().view(-1)[3:].mul_(2)
        yield f"conversion {dtype}", lambda x=x, y=y: x.t().to(torch.float64)
        yield f"masked {dtype}", lambda x=x, y=y: torch.where(x > y[0], x, y)
    half = torch.randn(33, 65, device=device, dtype=torch.float16)
    yield "gelu", lambda: F.gelu(half)
    # Rows that are held, that come through shared memory, of one block and of a cluster, and that are looped; not at the
    # end of their memory, where they are read up to the end of a word of 16 bytes.
    for dtype in (torch.float32, torch.bfloat16):
        for length in (130, 4096, 12289, 32000, 150_001):
            rows = torch.randn(5 * length + 16, device=device).to(dtype)
            t = torch.arange(5, device=device) * 20
            for begin in (0, 3):
                x = rows[begin : begin + 5 * length].view(5, length)
                yield f"softmax of {length} {dtype}, {begin}", lambda x=x: torch.softmax(x, 1)
                yield f"layer_norm of {length} {dtype}, {begin}", lambda x=x: F.layer_norm(x, x.shape[1:], x[0], x[1])
                yield f"cross_entropy of {length} {dtype}, {begin}", lambda x=x, t=t: torch.ops.gems.cross_entropy(x, t)
        columns = torch.randn(300, 70, device=device).to(dtype)
        yield f"softmax along columns {dtype}", lambda x=columns: torch.softmax(x, 0)
        yield f"argmax along columns {dtype}", lambda x=columns: x.argmax(0)
    yield "complex", lambda: torch.abs(torch.randn(1023, device=device).to(torch.complex64) * 1j)
    yield "silu_and_mul", lambda: torch.ops.gems.silu_and_mul(half, half)


def main():
    device = "cuda" if torch.cuda.is_available() else "cpu"
    gems.reset_report()
    count = 0
    for name, call in calls(device):
        torch.manual_seed(0)
        expected = call()
        torch.manual_seed(0)
        with gems.use_gems():
            given = call()
        torch.testing.assert_close(given, expected, msg=lambda text, name=name: f"{name}: {text}")
        count += 1
    served = sum(row.served for row in gems.report().values())
    print(f"{count} calls on {device}, {served} on gems' kernels")
    return 0 if served else 1


if __name__ == "__main__":
    sys.exit(main())
