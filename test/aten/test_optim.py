"""gems.optim beside torch.optim: parameters, states and state dicts after each step."""

import copy

import pytest
import torch

import gems

SHAPES = ((33, 7), (128,), (), (0, 3), (5, 4, 3))
CLASSES = {"Adam": (gems.optim.Adam, torch.optim.Adam), "AdamW": (gems.optim.AdamW, torch.optim.AdamW)}


def parameters(dtype, device):
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(shape, generator=generator).to(device, dtype) for shape in SHAPES]
    made[0] = made[0].t()  # strides that are not contiguous
    return [torch.nn.Parameter(each) for each in made]


def set_gradients(lists, seed):
    for each in zip(*lists, strict=True):
        gradient = torch.randn(each[0].shape, generator=torch.Generator().manual_seed(seed))
        for parameter in each:
            parameter.grad = gradient.to(parameter.device, parameter.dtype)


def groups(params):
    return [{"params": params[:2], "lr": 3e-2, "weight_decay": 0.3}, {"params": params[2:], "betas": (0.8, 0.95), "eps": 1e-6}]


def compare(ours, theirs, tolerance):
    mine, other = ours.state_dict(), theirs.state_dict()
    assert mine["param_groups"] == other["param_groups"] and mine["state"].keys() == other["state"].keys()
    for index, state in other["state"].items():
        assert mine["state"][index].keys() == state.keys()
        for name, value in state.items():
            found = mine["state"][index][name]
            assert (found.dtype, found.device, found.stride()) == (value.dtype, value.device, value.stride())
            torch.testing.assert_close(found, value, rtol=tolerance, atol=tolerance)
    for group, other_group in zip(ours.param_groups, theirs.param_groups, strict=True):
        for found, value in zip(group["params"], other_group["params"], strict=True):
            torch.testing.assert_close(found, value, rtol=tolerance, atol=tolerance)


def run(name, dtype, device, steps=4, **options):
    ours, theirs = parameters(dtype, device), parameters(dtype, device)
    mine, other = CLASSES[name][0](groups(ours), **options), CLASSES[name][1](groups(theirs), **options)
    for seed in range(steps):
        set_gradients([ours, theirs], seed)
        if seed == 1:
            ours[1].grad = theirs[1].grad = None  # no step for it: its count stays behind
        mine.step()
        other.step()
    return mine, other


# Each step rounds once where PyTorch's rounds at each operation: four steps of 16 roundings.
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", CLASSES)
def test_steps(name, dtype, device):
    gems.reset_report()
    mine, other = run(name, dtype, device)
    assert gems.report()["gems::_adam_steps_"].served == 4 * len(SHAPES) - 1
    compare(mine, other, 64 * torch.finfo(dtype).eps)


def many_parameters(device):
    """More than one launch takes: of few elements and of thousands, aligned and not, of two dtypes."""
    made = []
    for index in range(400):
        count, skipped = (1, 5, 64, 1000, 9001)[index % 5], index % 3
        memory = torch.randn(skipped + count, generator=torch.Generator().manual_seed(index))
        made.append(torch.nn.Parameter(memory.to(device, torch.float32 if index % 4 else torch.float64)[skipped:]))
    return made


def test_many_parameters(device):
    ours, theirs = many_parameters(device), many_parameters(device)
    mine, other = gems.optim.AdamW(ours), torch.optim.AdamW(theirs)
    for seed in range(3):
        set_gradients([ours, theirs], seed)
        if seed == 0:
            ours[7].grad = theirs[7].grad = None  # one step less than the others
        mine.step()
        other.step()
    compare(mine, other, 1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="counts kernels of a GPU")
def test_few_launches_for_many_parameters():
    params = many_parameters("cuda")
    optimizer = gems.optim.AdamW(params)
    set_gradients([params], 0)
    optimizer.step()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        optimizer.step()
        torch.cuda.synchronize()
    kernels = [each.name for each in profile.events() if each.device_type == torch.autograd.DeviceType.CUDA]
    assert sorted(kernels) == ["gems_adam_step_f32_list"] * 2 + ["gems_adam_step_f64_list"]


def test_a_step_in_a_graph(device):
    if device == "cpu":
        pytest.skip("captures a CUDA graph")
    params = [torch.nn.Parameter(torch.ones(count, device=device)) for count in (3, 5000)]
    optimizer = gems.optim.AdamW(params)
    set_gradients([params], 0)
    optimizer.step()
    graph = torch.cuda.CUDAGraph()
    before = [each.detach().clone() for each in params]
    with torch.cuda.graph(graph):
        optimizer.step()
    assert all(torch.equal(*pair) for pair in zip(before, params, strict=True))
    graph.replay()
    assert not any(torch.equal(*pair) for pair in zip(before, params, strict=True))


def test_groups_take_pytorch_s_step_one_by_one(device):
    ours, theirs = parameters(torch.float32, device), parameters(torch.float32, device)
    both = [[{"params": each[:2], "amsgrad": True}, {"params": each[2:]}] for each in (ours, theirs)]
    mine, other = gems.optim.AdamW(both[0]), torch.optim.AdamW(both[1])
    gems.reset_report()
    for seed in range(2):
        set_gradients([ours, theirs], seed)
        mine.step()
        other.step()
    assert gems.report()["gems::_adam_steps_"].served == 2 * len(SHAPES[2:])
    compare(mine, other, 1e-5)


@pytest.mark.parametrize("options", [{"amsgrad": True}, {"maximize": True}, {"capturable": True}, {"fused": True}, {"lr": torch.tensor(1e-2)}], ids=str)
def test_options(options, device):
    if "capturable" in options and device == "cpu":
        pytest.skip("PyTorch takes it on accelerators only")
    if "fused" in options and device == "cuda":
        pytest.skip("there PyTorch takes gradients with the strides of their parameters only")
    mine, other = run("AdamW", torch.float32, device, **options)
    compare(mine, other, 1e-5)


def test_differentiable():
    start = torch.ones(3, requires_grad=True)
    parameter = start.clone()
    optimizer = gems.optim.AdamW([parameter], differentiable=True)
    parameter.grad = 2 * start
    optimizer.step()
    parameter.sum().backward()
    assert start.grad is not None


@pytest.mark.parametrize("first", [0, 1], ids=["from gems", "from torch"])
def test_state_dicts_are_exchanged(first, device):
    one, other = CLASSES["AdamW"][first], CLASSES["AdamW"][1 - first]
    ours, theirs = parameters(torch.float32, device), parameters(torch.float32, device)
    before = one(ours)
    set_gradients([ours], 0)
    before.step()
    with torch.no_grad():
        for mine, their in zip(ours, theirs, strict=True):
            their.copy_(mine)
    after = other(theirs)
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    set_gradients([ours, theirs], 1)
    before.step()
    after.step()
    compare(after, before, 1e-6)


def test_a_state_of_a_fused_optimizer(device):
    # PyTorch's fused kernel for the CPU takes gradients to have the parameters' strides.
    ours, theirs = (parameters(torch.float32, device)[1:] for _ in range(2))
    other, mine = torch.optim.AdamW(theirs, fused=True), gems.optim.AdamW(ours)
    set_gradients([ours, theirs], 0)
    other.step()
    state = copy.deepcopy(other.state_dict())
    state["param_groups"][0]["fused"] = None
    mine.load_state_dict(state)
    with torch.no_grad():
        for each, their in zip(ours, theirs, strict=True):
            each.copy_(their)
    set_gradients([ours, theirs], 1)
    other.step()
    mine.step()
    for each, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(each, their)


def test_hooks_schedulers_and_closures(device):
    ours, calls = parameters(torch.float32, device), []
    optimizer = gems.optim.AdamW(ours, lr=1.0)
    for options in ({}, {"amsgrad": True}):
        optimizer.param_groups[0].update(options)
        optimizer.state.clear()
        handles = [
            optimizer.register_step_pre_hook(lambda *_: calls.append("pre")),
            optimizer.register_step_post_hook(lambda *_: calls.append("post")),
        ]

        def closure():
            assert torch.is_grad_enabled()
            set_gradients([ours], 0)
            return torch.tensor(3.0)

        assert optimizer.step(closure) == 3
        assert calls == ["pre", "post"]
        calls.clear()
        for each in handles:
            each.remove()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.0)
    optimizer.param_groups[0]["amsgrad"] = False
    optimizer.step()
    scheduler.step()
    before = [each.detach().clone() for each in ours]
    optimizer.step()
    assert all(torch.equal(*pair) for pair in zip(before, ours, strict=True))


def test_autograd_sees_that_parameters_change(device):
    parameter = torch.nn.Parameter(torch.ones(3, device=device))
    optimizer = gems.optim.AdamW([parameter])
    product = (parameter * parameter).sum()
    parameter.grad = torch.ones(3, device=device)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


def test_errors_are_those_of_torch():
    with pytest.raises(ValueError, match="Invalid learning rate"):
        gems.optim.AdamW([torch.nn.Parameter(torch.ones(1))], lr=-1.0)
    sparse = torch.nn.Parameter(torch.ones(3))
    sparse.grad = torch.ones(3).to_sparse()
    with pytest.raises(RuntimeError, match="does not support sparse gradients"):
        gems.optim.AdamW([sparse]).step()


def test_lists_of_different_lengths():
    one = [torch.ones(2)]
    with pytest.raises(RuntimeError, match="op '_adam_steps_': operand 'grads' has 2 elements, expected 1"):
        torch.ops.gems._adam_steps_(one, [*one, *one], one, one, [torch.tensor(0.0)], 0.1, 0.9, 0.99, 1e-8, 0.0, True)
