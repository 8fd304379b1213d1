"""torch.ops.gems.linear_cross_entropy: the last layer of a language model and its loss, without all logits in memory."""

import torch
from torch.autograd.function import once_differentiable

CHUNK_ELEMENTS = 1 << 27  # of the logits that exist at a time


ROW_BYTES = 16  # rows of logits are of multiples of them, as the library's fast kernels ask


def _added_classes(weight):
    """How many classes without weights make rows of logits aligned."""
    return -weight.shape[0] % (ROW_BYTES // weight.element_size()) if weight.is_cuda else 0


def _sum_type(dtype):
    return torch.float64 if dtype == torch.float64 else torch.float32


def _add_product(total, a, b):
    """total += a @ b; a and b may be narrower than total."""
    if a.dtype == total.dtype:
        torch.addmm(total, a, b, out=total)
    elif a.is_cuda:
        torch.addmm(total, a, b, out_dtype=total.dtype, out=total)
    else:
        total += a @ b


@torch.library.custom_op("gems::_linear_cross_entropy", mutates_args=())
def _with_gradients(
    input: torch.Tensor, weight: torch.Tensor, target: torch.Tensor, scale: torch.Tensor, bias: torch.Tensor | None,
    ignore_index: int, label_smoothing: float, chunk_rows: int, of_input: bool, of_weight: bool, of_bias: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """(sum of the losses times scale, its gradients), a gradient that is not asked for without elements."""
    wide = _sum_type(input.dtype)
    loss = input.new_zeros((), dtype=wide)
    classes, added = weight.shape[0], _added_classes(weight)
    if added:
        weight = torch.nn.functional.pad(weight, (0, 0, 0, added))
        bias = bias if bias is None else torch.nn.functional.pad(bias, (0, added))
    gradient_of_input = torch.empty_like(input) if of_input else input.new_empty(0)
    gradient_of_weight = torch.zeros_like(weight, dtype=wide) if of_weight else weight.new_empty(0)
    gradient_of_bias = weight.new_zeros(classes if of_bias else 0, dtype=wide)
    buffer = input.new_empty(min(chunk_rows, input.shape[0]), classes + added)
    for start in range(0, input.shape[0], chunk_rows):
        rows = slice(start, start + chunk_rows)
        products = buffer[: input[rows].shape[0]]
        if bias is None:
            torch.mm(input[rows], weight.t(), out=products)
        else:
            torch.addmm(bias, input[rows], weight.t(), out=products)
        logits = products[:, :classes]
        losses, _, log_sums = torch.ops.gems.cross_entropy_rows(logits, target[rows], None, label_smoothing, ignore_index)
        loss += losses.sum()
        if not (of_input or of_weight or of_bias):
            continue
        torch.ops.gems.cross_entropy_gradient.out(
            logits, target[rows], log_sums, scale.expand_as(losses), label_smoothing, ignore_index, out=logits
        )
        # What the added classes have in the products is finite where the row is, and meets zeros, or is cut off.
        if of_input:
            torch.mm(products, weight, out=gradient_of_input[rows])
        if of_weight:
            _add_product(gradient_of_weight, products.t(), input[rows])
        if of_bias:
            gradient_of_bias += logits.sum(0, dtype=wide)
    gradient_of_weight = gradient_of_weight[:classes].to(weight.dtype)
    return loss * scale, gradient_of_input, gradient_of_weight, gradient_of_bias.to(weight.dtype)


@_with_gradients.register_fake
def _(input, weight, target, scale, bias, ignore_index, label_smoothing, chunk_rows, of_input, of_weight, of_bias):
    return (
        input.new_empty((), dtype=_sum_type(input.dtype)), torch.empty_like(input) if of_input else input.new_empty(0),
        torch.empty_like(weight) if of_weight else weight.new_empty(0), weight.new_empty(weight.shape[0] if of_bias else 0),
    )  # fmt: skip


def _save(ctx, inputs, output):
    ctx.has_bias = inputs[4] is not None
    ctx.asked = inputs[-3:]
    ctx.save_for_backward(*output[1:])


@once_differentiable
def _backward(ctx, of_loss, *_):
    of_input, of_weight, of_bias = (
        gradient * of_loss.to(gradient.dtype) if asked else None for gradient, asked in zip(ctx.saved_tensors, ctx.asked, strict=True)
    )
    return of_input, of_weight, None, None, of_bias, None, None, None, None, None, None


_with_gradients.register_autograd(_backward, setup_context=_save)

def _refuse(operand, given, expected):
    raise ValueError(f"op 'linear_cross_entropy': operand '{operand}' is {given}; expected {expected}")


def _linear_cross_entropy(input, weight, target, bias=None, reduction="mean", ignore_index=-100, label_smoothing=0.0, chunk_rows=0):
    """cross_entropy(linear(input, weight, bias), target), chunk_rows rows at a time.

    input: [..., H]; weight: [C, H]; target: [...], indices of classes; bias: [C]. reduction: "mean" over the targets
    that are not ignore_index, or "sum". chunk_rows: 0 for as many as keep the logits at 2^27 elements. The loss is f32
    (f64 of f64). Gradients are computed with the loss: no logits are kept or computed again. No second derivatives.
    """
    if reduction not in ("mean", "sum"):
        _refuse("reduction", repr(reduction), "'mean' or 'sum': gradients are computed with the loss, which must be one value")
    if weight.dim() != 2 or input.dim() == 0 or input.shape[-1] != weight.shape[1]:
        _refuse("weight", f"of shape {list(weight.shape)}", f"[classes, {input.shape[-1] if input.dim() else 'features'}], by input's last dimension")
    if target.shape != input.shape[:-1]:
        _refuse("target", f"of shape {list(target.shape)}", f"{list(input.shape[:-1])}, one class for each row of input")
    if bias is not None and bias.shape != weight.shape[:1]:
        _refuse("bias", f"of shape {list(bias.shape)}", f"{list(weight.shape[:1])}, one value for each class")
    if chunk_rows < 0:
        _refuse("chunk_rows", chunk_rows, "a number of rows, or 0 to leave it to the operator")
    rows = input.reshape(-1, input.shape[-1])
    target = target.reshape(-1)
    scale = torch.ones((), device=input.device, dtype=_sum_type(input.dtype))
    if reduction == "mean":
        scale = scale / (target != ignore_index).sum()
    is_recording = torch.is_grad_enabled()
    asked = [is_recording and each is not None and each.requires_grad for each in (input, weight, bias)]
    chunk_rows = chunk_rows or max(1, CHUNK_ELEMENTS // max(1, weight.shape[0]))
    return _with_gradients(rows, weight, target, scale, bias, ignore_index, label_smoothing, chunk_rows, *asked)[0]


# Importing gems again finds it in place.
if not hasattr(torch.ops.gems, "linear_cross_entropy"):
    _library = torch.library.Library("gems", "FRAGMENT")
    _library.define(
        "linear_cross_entropy(Tensor input, Tensor weight, Tensor target, Tensor? bias=None, str reduction='mean', "
        "int ignore_index=-100, float label_smoothing=0.0, int chunk_rows=0) -> Tensor",
        tags=(torch.Tag.pt2_compliant_tag,),
    )
    _library.impl("linear_cross_entropy", _linear_cross_entropy, "CompositeImplicitAutograd")
