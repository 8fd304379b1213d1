"""The layout matrix: for each name, a builder of operands from `make(shape, index)`, which fills one operand."""

import torch

SHAPE = (6, 7, 5)
IMAGE = (2, 3, 4, 5)


def _all(view, shape):
    """Every operand has the same layout: a view of a contiguous tensor of this shape."""
    return lambda make, count: [view(make(shape, index)) for index in range(count)]


def _first(view, shape, others):
    """The first operand has this layout, the others are contiguous with the shape `others`."""
    return lambda make, count: [view(make(shape, 0)), *(make(others, index) for index in range(1, count))]


def _last(view, shape, others):
    """The last operand has this layout, the others are contiguous with the shape `others`."""
    return lambda make, count: [*(make(others, index) for index in range(count - 1)), view(make(shape, count - 1))]


def _as_is(tensor):
    return tensor


def _channels_last(tensor):
    return tensor.contiguous(memory_format=torch.channels_last)


def _unit_stride_odd(tensor):
    """A dimension of size one with a stride that nothing else would give it."""
    return tensor.as_strided(tensor.shape, (tensor.stride(0), 999, *tensor.stride()[2:]))


# One operand is enough to meet these; with more, all have the layout.
ALONE = {
    "contiguous": _all(_as_is, SHAPE),
    "one_element": _all(_as_is, (1,)),
    "odd_length": _all(_as_is, (1027,)),
    "several_threads": _all(_as_is, (3, 65537)),
    "zero_dim": _all(_as_is, ()),
    "empty": _all(_as_is, (0,)),
    "empty_inner": _all(_as_is, (3, 0, 5)),
    "transposed": _all(lambda x: x.t(), (33, 17)),
    "permuted_4d": _all(lambda x: x.permute(0, 2, 1, 3), IMAGE),
    "permuted_reversed": _all(lambda x: x.permute(3, 2, 1, 0), IMAGE),
    "channels_last": _all(_channels_last, IMAGE),
    "channels_last_one_channel": _all(_channels_last, (2, 1, 4, 5)),
    "channels_last_3d": _all(lambda x: x.contiguous(memory_format=torch.channels_last_3d), (2, 3, 2, 2, 3)),
    "expanded_outer": _all(lambda x: x.expand(6, 7), (7,)),
    "expanded_inner": _all(lambda x: x[:, None].expand(6, 7), (6,)),
    "expanded_scalar": _all(lambda x: x.expand(6, 7), ()),
    "sliced_outer": _all(lambda x: x[::2], SHAPE),
    "sliced_inner": _all(lambda x: x[..., ::2], SHAPE),
    "sliced_columns": _all(lambda x: x[:, 3:29], (17, 40)),
    "offset_by_one": _all(lambda x: x[1:], (1030,)),
    "offset_by_one_and_tail": _all(lambda x: x[1:18], (40,)),
    "unit_dimension": _all(_unit_stride_odd, (4, 1, 5)),
    "overlapping_windows": _all(lambda x: x.unfold(0, 5, 2), (41,)),
    "rank_7_permuted": _all(lambda x: x.permute(6, 1, 4, 3, 2, 5, 0), (2, 3, 2, 3, 2, 3, 2)),
    "rank_12": _all(_as_is, (1, 2) * 4 + (1,) * 4),
}

# Layouts that need two operands to differ.
TOGETHER = {
    "row_broadcast": _last(_as_is, (17,), (33, 17)),
    "row_broadcast_first": _first(_as_is, (17,), (33, 17)),
    "column_broadcast": _last(_as_is, (33, 1), (33, 17)),
    "column_broadcast_first": _first(_as_is, (33, 1), (33, 17)),
    "outer_product": lambda make, count: [make((33, 1), 0), *(make((1, 17), index) for index in range(1, count))],
    "middle_broadcast": _last(_as_is, (6, 1, 5), SHAPE),
    "rank_grows": _last(_as_is, SHAPE, (7, 1)),
    "zero_dim_first": _first(_as_is, (), SHAPE),
    "zero_dim_last": _last(_as_is, (), SHAPE),
    "one_element_into_empty": _last(_as_is, (1,), (0,)),
    "zero_dim_into_empty": _first(_as_is, (), (0, 3)),
    "transposed_first": _first(lambda x: x.t(), (17, 33), (33, 17)),
    "transposed_last": _last(lambda x: x.t(), (17, 33), (33, 17)),
    "channels_last_first": _first(_channels_last, IMAGE, IMAGE),
    "channels_last_last": _last(_channels_last, IMAGE, IMAGE),
    "channels_last_and_bias": lambda make, count: [
        _channels_last(make(IMAGE, 0)),
        *(make((3, 1, 1), index) for index in range(1, count)),
    ],
    "permuted_and_contiguous": _first(lambda x: x.permute(0, 2, 1, 3), (2, 4, 3, 5), IMAGE),
    "sliced_and_contiguous": _last(lambda x: x[:, ::2], (33, 34), (33, 17)),
    "expanded_and_contiguous": _first(lambda x: x.expand(33, 17), (17,), (33, 17)),
    "different_offsets": _last(lambda x: x[1:], (1028,), (1027,)),
    "offset_rows": _last(lambda x: x[:, 1:], (33, 18), (33, 17)),
}

LAYOUTS = ALONE | TOGETHER


def names(operand_count):
    return [*ALONE, *(TOGETHER if operand_count > 1 else ())]
