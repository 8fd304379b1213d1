"""Copies of a call's arguments that keep what an operator can see: strides, offset, aliasing, conj and neg bits."""

import torch
from torch.utils import _pytree as pytree


def clone(tree):
    """A copy of every strided tensor in the tree. Tensors that share storage share it in the copy too."""
    storages = {}
    return pytree.tree_map(lambda leaf: _clone(leaf, storages) if isinstance(leaf, torch.Tensor) else leaf, tree)


def tensors(tree):
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def in_double(tree, on="cpu"):
    """The tree with every floating tensor as f64 and every complex one as c128, on the CPU; layouts are not kept.

    A tensor that is there twice is one tensor in the copy too.
    """
    copies = {}

    def copy(leaf):
        if not isinstance(leaf, torch.Tensor):
            return leaf
        if id(leaf) not in copies:
            copies[id(leaf)] = _in_double(leaf, on)
        return copies[id(leaf)]

    return pytree.tree_map(copy, tree)


def _clone(tensor, storages):
    if (
        tensor.layout != torch.strided
        or tensor.device.type == "meta"
        or type(tensor) not in (torch.Tensor, torch.nn.Parameter)
    ):
        return tensor.detach().clone().requires_grad_(tensor.requires_grad)
    with torch.no_grad():
        storage = tensor.untyped_storage()
        if storage._cdata not in storages:
            storages[storage._cdata] = storage.clone()
        copy = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
        copy.set_(storages[storage._cdata], tensor.storage_offset(), tensor.size(), tensor.stride())
        if tensor.is_conj():
            torch._C._set_conj(copy, True)
        if tensor.is_neg():
            torch._C._set_neg(copy, True)
    return copy.requires_grad_(tensor.requires_grad)


def _in_double(tensor, on):
    dtype = torch.complex128 if tensor.is_complex() else torch.float64 if tensor.is_floating_point() else tensor.dtype
    return tensor.detach().to(device=on, dtype=dtype, copy=True).requires_grad_(tensor.requires_grad)
