"""The operators of torch.ops.gems as the tests of derivatives call them: names by rule, operands, numbers, flags."""

import itertools

import torch

import gems  # noqa: F401  (defines torch.ops.gems)

# The catalogues; what begins with an underscore is derived from them, rotary_embedding is no op of a catalogue.
ALL = sorted(
    name.removeprefix("gems::")
    for name in torch._C._dispatch_get_all_op_names()
    if name.startswith("gems::") and not name.startswith("gems::_") and "." not in name and "rotary_embedding" not in name
)
NAMES = [name for name in ALL if torch.Tag.pointwise in getattr(torch.ops.gems, name).default.tags]
ROWWISE = [name for name in ALL if name not in NAMES]
CONDITIONS = ("mask", "condition")
FLAGS = {"approximate": ("none", "tanh"), "inverse": (False, True), "decoupled": (False, True), "exponent": (2, 3, -2)}


def overload(name):
    return getattr(torch.ops.gems, name).default


def arguments_of(name):
    return overload(name)._schema.arguments


def kind(argument):
    return str(argument.type)


def is_integral(name):
    """Takes integers and bool only: none of its operands can require a gradient."""
    try:
        overload(name)(*(torch.ones(1) if kind(each) == "Tensor" else 1 for each in arguments_of(name) if not each.has_default_value()))
    except RuntimeError as error:
        return "takes integers and bool" in str(error)
    return False


def refusal(name):
    """Why the operator has no gradient, in the library's words; None of one that has, or needs none."""
    if is_integral(name):
        return None
    call, tensors = sample(name, torch.float32)
    try:
        call(*tensors)
    except RuntimeError as error:
        return str(error)
    return None


def results_of(value):
    return list(value) if isinstance(value, (tuple, list)) else [value]


def is_truth(name):
    """Its result is a truth value, which has no gradient."""
    call, tensors = sample(name, torch.float32)
    return results_of(call(*(tensor.detach() for tensor in tensors)))[0].dtype == torch.bool


def flags_of(name):
    """All combinations of the values of an operator's flags, as keywords."""
    names = [each.name for each in arguments_of(name) if each.name in FLAGS]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(FLAGS[each] for each in names))]


def sample(name, dtype, shape=(2, 3), flags=None, device="cpu"):
    """A call of the operator's tensors, and these: apart from each other and from kinks, requiring a gradient."""
    arguments = arguments_of(name)
    numbers = {each.name: 0.5 for each in arguments if kind(each) in ("number", "Scalar")}
    places = [each.name for each in arguments if kind(each) == "Tensor"]
    tensors = []
    for index, place in enumerate(places):
        drawn = torch.rand(shape, dtype=torch.float64, device=device)
        if place in CONDITIONS:
            tensors.append(drawn > 0.5)
            continue
        # Each in a band of its own, between 0.1 and 1.9.
        value = 0.1 + 0.45 * ((index + 1) % 4) + 0.3 * drawn
        if dtype.is_complex:
            value = torch.complex(value, 0.2 + 0.3 * torch.rand_like(drawn))
        tensors.append(value.to(dtype).requires_grad_())

    def call(*given):
        values = dict(zip(places, given, strict=True)) | numbers
        ordered = [values[each.name] for each in arguments if each.name in values]
        return overload(name)(*ordered, **(flags or {}))

    return call, tensors
