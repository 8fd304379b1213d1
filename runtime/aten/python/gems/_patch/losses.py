"""Losses of language models without the logits in f32, or without the logits."""

import torch

from .layers import _has_hooks, _is_autocast


class DeferredLogits:
    """head(hidden), which nobody but the loss will look at."""

    def __init__(self, head, hidden) -> None:
        self.head, self.hidden = head, hidden


def is_causal(function) -> bool:
    """Whether it is transformers' loss of the next token."""
    return getattr(function, "__name__", "") == "ForCausalLMLoss" and function.__module__ == "transformers.loss.loss_utils"


def has_causal_loss(model) -> bool:
    """Whether model.loss_function is that. Models whose class names no loss have it by default; transformers warns of it
    when the property is read, so it is not."""
    is_default = getattr(model, "loss_type", "") is None and "_loss_function" not in vars(model)
    return is_default or is_causal(model.loss_function)


def head(model, linear, hidden, labels):
    """linear(hidden), deferred in a training step whose loss can be computed without all logits."""
    is_deferred = (
        labels is not None
        and model.training
        and torch.is_grad_enabled()
        and type(linear) is torch.nn.Linear
        and type(linear.weight) is torch.nn.Parameter
        and not _has_hooks(linear)
        and (hidden.dtype == linear.weight.dtype or _is_autocast(hidden))
        and is_causal(model.loss_function)
    )
    return DeferredLogits(linear, hidden) if is_deferred else linear(hidden)


def made_logits(logits):
    """What a model returns: None for logits that were not made."""
    return None if isinstance(logits, DeferredLogits) else logits


def _mean(total, count, number):
    return total / (count if number is None else number.to(total.device) if isinstance(number, torch.Tensor) else number)


def _causal_loss(logits, labels, vocab_size, num_items_in_batch=None, ignore_index=-100, shift_labels=None, **kwargs):
    """As transformers' ForCausalLMLoss: the mean over the targets that are not ignore_index, or their sum over
    num_items_in_batch, in f32 (f64 of f64)."""
    if shift_labels is None:
        shift_labels = torch.nn.functional.pad(labels, (0, 1), value=ignore_index)[..., 1:]
    if isinstance(logits, DeferredLogits):
        hidden, weight, bias = logits.hidden, logits.head.weight, logits.head.bias
        target = shift_labels.reshape(-1).to(hidden.device)
        if _is_autocast(hidden):
            dtype = torch.get_autocast_dtype(hidden.device.type)
            hidden, weight, bias = (each if each is None else each.to(dtype) for each in (hidden, weight, bias))
        reduction = "mean" if num_items_in_batch is None else "sum"
        rows = hidden.reshape(-1, hidden.shape[-1])
        loss = torch.ops.gems.linear_cross_entropy(rows, weight, target, bias, reduction, ignore_index)
    else:
        target = shift_labels.reshape(-1).to(logits.device)
        losses, weights, _ = torch.ops.gems.cross_entropy_rows(logits.reshape(-1, vocab_size), target, None, 0.0, ignore_index)
        loss = losses.sum() / weights.sum() if num_items_in_batch is None else losses.sum()
    if isinstance(num_items_in_batch, torch.Tensor):
        num_items_in_batch = num_items_in_batch.to(loss.device)
    return loss if num_items_in_batch is None else loss / num_items_in_batch


def loss(function, *args, **kwargs):
    """function(...), a model's loss_function: transformers' loss of the next token without logits in f32."""
    logits = args[0] if args else kwargs.get("logits")
    is_known = isinstance(logits, DeferredLogits) or (
        is_causal(function) and type(logits) is torch.Tensor and logits.dtype.is_floating_point
    )
    return (_causal_loss if is_known else function)(*args, **kwargs)


class CrossEntropyLoss(torch.nn.CrossEntropyLoss):
    """torch.nn.CrossEntropyLoss on indices of classes, by torch.ops.gems.cross_entropy."""

    def forward(self, input, target):
        fits = input.dtype.is_floating_point and input.dim() == target.dim() + 1 and not target.dtype.is_floating_point
        if not fits or _is_autocast(input):
            return super().forward(input, target)
        return torch.ops.gems.cross_entropy(
            input, target, self.weight, self.reduction, self.ignore_index, self.label_smoothing
        )
