"""torch.ops.gems.adam_step beside torch.optim, step by step; and the overloads that write into given tensors."""

import pytest
import torch

import gems  # noqa: F401

adam_step = torch.ops.gems.adam_step
NUMBERS = {"lr": 1e-2, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.1}


def corrections(step):
    return {"bias_correction1": 1 - NUMBERS["beta1"] ** step, "bias_correction2": 1 - NUMBERS["beta2"] ** step}


def states(count, device, dtype=torch.float32):
    return [torch.randn(count, device=device).to(dtype), *torch.zeros(2, count, device=device, dtype=dtype)]


@pytest.mark.parametrize("decoupled", (False, True), ids=("Adam", "AdamW"))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
@pytest.mark.parametrize("fused", (False, True), ids=("single", "fused"))
def test_steps_as_the_optimizer(decoupled, dtype, fused, device):
    param, mean, square = states(1000, device, dtype)
    theirs = torch.nn.Parameter(param.clone())
    optimizer = (torch.optim.AdamW if decoupled else torch.optim.Adam)(
        [theirs], lr=NUMBERS["lr"], weight_decay=NUMBERS["weight_decay"], fused=fused, foreach=False
    )
    for step in range(1, 8):
        grad = torch.randn(1000, device=device).to(dtype)
        theirs.grad = grad.clone()
        optimizer.step()
        adam_step.out(
            param, grad, mean, square, **NUMBERS, **corrections(step), decoupled=decoupled,
            out0=param, out1=mean, out2=square,
        )  # fmt: skip
    kept = optimizer.state[theirs]
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(mean, kept["exp_avg"], rtol=8 * eps, atol=eps)
    # PyTorch's fused CUDA kernel subtracts beta2 from 1 in the tensor's dtype, ours is given both as f64.
    lost = eps / (1 - NUMBERS["beta2"]) if fused and param.is_cuda else 0
    torch.testing.assert_close(square, kept["exp_avg_sq"], rtol=8 * eps + lost, atol=eps)
    torch.testing.assert_close(param, theirs.detach(), rtol=8 * eps, atol=8 * eps)


def test_functional_leaves_its_operands(device):
    param, mean, square = states(100, device)
    grad = torch.randn(100, device=device)
    before = [each.clone() for each in (param, mean, square)]
    given = adam_step(param, grad, mean, square, **NUMBERS, **corrections(1))
    assert all(torch.equal(*pair) for pair in zip(before, (param, mean, square), strict=True))
    adam_step.out(
        param, grad, mean, square, **NUMBERS, **corrections(1), out0=param, out1=mean, out2=square
    )
    assert all(torch.equal(*pair) for pair in zip(given, (param, mean, square), strict=True))


def test_narrow_parameters_beside_wide_states(device):
    param, mean, square = states(100, device)
    narrow, grad = param.bfloat16(), torch.randn(100, device=device).bfloat16()
    wide = adam_step(narrow.float(), grad.float(), mean, square, **NUMBERS, **corrections(1))
    adam_step.out(narrow, grad, mean, square, **NUMBERS, **corrections(1), out0=narrow, out1=mean, out2=square)
    assert torch.equal(narrow, wide[0].bfloat16())
    assert torch.equal(mean, wide[1]) and torch.equal(square, wide[2])


def test_refuses_integers(device):
    whole = torch.ones(3, dtype=torch.int64, device=device)
    with pytest.raises(RuntimeError, match="op 'adam_step' takes floats: operand 0 'param' is i64"):
        adam_step(whole, whole, whole, whole, **NUMBERS, **corrections(1))


def test_opcheck_in_place(device):
    param, mean, square = states(6, device)
    numbers = (*NUMBERS.values(), *corrections(2).values(), True)
    torch.library.opcheck(
        adam_step.out, (param, torch.randn(6, device=device), mean, square, *numbers),
        {"out0": param, "out1": mean, "out2": square},
    )  # fmt: skip


def test_out_of_one_result(device):
    x, y, out = torch.randn(3, 4, 5, device=device)
    versions = out._version
    assert torch.ops.gems.silu_and_mul.out(x, y, out=out) is None
    assert torch.equal(out, torch.ops.gems.silu_and_mul(x, y)) and out._version > versions
    torch.ops.gems.silu_and_mul.out(x, y, out=x)
    assert torch.equal(x, out)


def test_out_keeps_its_dtype_and_refuses_another_shape(device):
    x, y = torch.randn(2, 4, 5, device=device)
    narrow = torch.empty(4, 5, dtype=torch.bfloat16, device=device)
    torch.ops.gems.gelu_and_mul.out(x, y, "tanh", out=narrow)
    assert torch.equal(narrow, torch.ops.gems.gelu_and_mul(x, y, "tanh").bfloat16())
    with pytest.raises(RuntimeError, match="'silu_and_mul': result 'out' has shape \\[3\\]"):
        torch.ops.gems.silu_and_mul.out(x, y, out=torch.empty(3, device=device))


def test_out_through_compile(device):
    def step(x, y, out):
        torch.ops.gems.residual_scale_add.out(x, y, 0.5, out=out)
        return out + 1

    x, y = torch.randn(2, 7, device=device)
    given = torch.compile(step, backend="aot_eager", fullgraph=True)(x, y, torch.empty(7, device=device))
    torch.testing.assert_close(given, y + 0.5 * x + 1)


def test_new_states_have_the_layout_of_the_old_ones(device):
    param, mean, square = (torch.rand(4, 6, device=device).t() for _ in range(3))
    results = adam_step(param, torch.rand(6, 4, device=device), mean, square, **NUMBERS, **corrections(1))
    assert [each.stride() for each in results] == [param.stride()] * 3
