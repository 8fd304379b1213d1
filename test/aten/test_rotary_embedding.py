"""torch.ops.gems.rotary_embedding beside its composition: values, layouts, gradients, transforms, what it refuses."""

import pytest
import torch

import gems  # noqa: F401
from processes import python

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
LAYOUTS = {
    "contiguous": lambda x: x,
    "heads first": lambda x: x.transpose(1, 2).contiguous().transpose(1, 2),
    "sliced": lambda x: torch.cat((x, x), dim=-1)[..., : x.shape[-1]],
    "offset": lambda x: torch.cat((x.new_zeros(1), x.flatten()))[1:].view(x.shape),
}
rotary = torch.ops.gems.rotary_embedding
by_layout = pytest.mark.parametrize("interleaved", (False, True), ids=("halves", "interleaved"))


def composition(x, cos, sin, interleaved=False, inverse=False):
    """The formula, a matrix of rotations applied to pairs, in float64."""
    pairs = cos.shape[-1]
    x, cos, sin = x.double(), cos.double(), sin.double()
    if cos.dim() == 2:
        cos, sin = cos[:, None], sin[:, None]
    sin = -sin if inverse else sin
    body, rest = x[..., : 2 * pairs], x[..., 2 * pairs :]
    grid = body.unflatten(-1, (pairs, 2)) if interleaved else body.unflatten(-1, (2, pairs)).transpose(-1, -2)
    matrix = torch.stack((torch.stack((cos, -sin), -1), torch.stack((sin, cos), -1)), -2)
    turned = (matrix @ grid.unsqueeze(-1)).squeeze(-1)
    return torch.cat(((turned if interleaved else turned.transpose(-1, -2)).flatten(-2), rest), -1)


def operands(device, dtype=torch.float32, angles=torch.float32, batch=2, sequence=5, heads=3, pairs=8, rest=0):
    turn = torch.randn(sequence, pairs, device=device, dtype=torch.float64)
    x = torch.randn(batch, sequence, heads, 2 * pairs + rest, device=device).to(dtype)
    return x, turn.cos().to(angles), turn.sin().to(angles)


def assert_close(given, wide, dtype):
    eps = torch.finfo(dtype).eps
    assert given.dtype == dtype
    torch.testing.assert_close(given.double(), wide, rtol=eps, atol=4 * torch.finfo(torch.float32).eps if eps < 1e-3 else 4e-6)


@by_layout
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_values(interleaved, dtype, layout, device):
    x, cos, sin = operands(device, dtype, dtype)
    x = LAYOUTS[layout](x)
    result = rotary(x, cos, sin, interleaved)
    assert_close(result, composition(x, cos, sin, interleaved), dtype)
    assert result.stride() == torch.empty_like(x).stride()


@by_layout
def test_angles_in_another_dtype_round_once(interleaved, device):
    x, cos, sin = operands(device, torch.bfloat16, torch.float32)
    result = rotary(x, cos, sin, interleaved)
    nearest = composition(x, cos, sin, interleaved).to(torch.bfloat16)
    assert_close(result, nearest.double(), torch.bfloat16)
    assert (result != nearest).sum() <= 2


@by_layout
@pytest.mark.parametrize("rest", (2, 7))
def test_elements_behind_the_last_pair_stay(interleaved, rest, device):
    x, cos, sin = operands(device, rest=rest)
    result = rotary(x, cos, sin, interleaved)
    assert torch.equal(result[..., 16:], x[..., 16:])
    assert_close(result, composition(x, cos, sin, interleaved), torch.float32)


@by_layout
def test_inverse_turns_back(interleaved, device):
    x, cos, sin = operands(device, torch.float64, torch.float64)
    back = rotary(rotary(x, cos, sin, interleaved), cos, sin, interleaved, inverse=True)
    torch.testing.assert_close(back, x)


def test_angles_of_each_batch(device):
    x, cos, sin = operands(device)
    cos, sin = (torch.stack((each, each.flip(0)))[:, :, None] for each in (cos, sin))
    assert_close(rotary(x, cos, sin), composition(x, cos, sin), torch.float32)


@by_layout
@pytest.mark.parametrize("pairs", (1, 3, 64))
def test_sizes(interleaved, pairs, device):
    for heads, batch in ((1, 1), (4, 0)):
        x, cos, sin = operands(device, pairs=pairs, heads=heads, batch=batch)
        assert_close(rotary(x, cos, sin, interleaved), composition(x, cos, sin, interleaved), torch.float32)


@by_layout
@pytest.mark.parametrize("inverse", (False, True))
def test_gradients(interleaved, inverse, device):
    inputs = [each.requires_grad_() for each in operands(device, torch.float64, torch.float64, pairs=2, rest=1)]
    call = lambda *each: rotary(*each, interleaved, inverse)  # noqa: E731
    assert torch.autograd.gradcheck(call, inputs)
    assert torch.autograd.gradgradcheck(call, inputs)
    x, cos, sin = (each.detach() for each in inputs)
    assert torch.autograd.gradcheck(lambda each: call(each, cos, sin), x.requires_grad_())


@by_layout
def test_opcheck(interleaved, device):
    x, cos, sin = operands(device, rest=1)
    torch.library.opcheck(rotary.default, (x.requires_grad_(), cos, sin, interleaved))


@by_layout
def test_transforms(interleaved, device):
    x, cos, sin = operands(device)
    together = torch.func.vmap(lambda each: rotary(each, cos, sin, interleaved))(x)
    torch.testing.assert_close(together, rotary(x, cos, sin, interleaved))
    slope = torch.func.grad(lambda each: rotary(each, cos, sin, interleaved).square().sum())(x)
    torch.testing.assert_close(slope, 2 * x)  # a rotation keeps lengths


def test_neighbours_are_moved_as_one_element_where_memory_allows_it(device, tmp_path):
    code = f"""
import torch, gems
x = torch.ones(2, 5, 3, 18, dtype=torch.bfloat16, device={device!r})
angles = torch.ones(5, 8, device={device!r})
for each in x[..., :16], x[..., 1:17], x.double()[..., :16]:
    torch.ops.gems.rotary_embedding(each, angles, angles, True)
"""
    ran = python(code, GEMS_LOG="1", GEMS_CACHE_DIR=str(tmp_path))
    ready = [line.split()[1] for line in ran.stderr.splitlines() if line.startswith("gems: ")]
    assert ready == ["rotate_interleaved", "rotate_pairs", "rotate_pairs"], ran.stderr


def test_meta():
    x = torch.empty(2, 5, 3, 16, dtype=torch.bfloat16, device="meta")
    angles = torch.empty(5, 8, device="meta")
    result = rotary(x.transpose(0, 1), angles[:2], angles[:2])
    assert (result.shape, result.dtype, result.stride()) == ((5, 2, 3, 16), x.dtype, x.transpose(0, 1).stride())


@pytest.mark.parametrize(
    ("shape", "angles", "text"),
    (
        ((2, 5, 3, 16), ((5, 9), (5, 9)), "cos has 9 angles, which turn 18 elements, but the last dimension of x has 16"),
        ((2, 5, 3, 16), ((5, 8), (5, 4)), "cos and sin have the same shape"),
        ((2, 5, 3, 16), ((6, 8), (6, 8)), "do not broadcast to"),
    ),
)
def test_refuses(shape, angles, text, device):
    with pytest.raises(RuntimeError, match=text):
        rotary(torch.ones(shape, device=device), *(torch.ones(each, device=device) for each in angles))


def test_refuses_integers(device):
    with pytest.raises(RuntimeError, match="rotary_embedding takes floats"):
        rotary(torch.ones(1, 2, 1, 4, dtype=torch.int32, device=device), *torch.ones(2, 2, 2, device=device))
