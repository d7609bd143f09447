"""Whose statistics an encoder's batch norm uses, as one setting for any backbone.

Shape legend: B clips or frames, C channels.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn

NORM_MODES = (None, 'frozen', 'mean_only', 'running', 'reestimated')
BATCHES_OWN = ('mean_only', 'running', 'reestimated')   # statistics in training, or one of them
# Settings of MMAction2's backbones that freeze batch norms at each `train()`, affine part and all:
# CSN's, and that of ResNet, which leaves the first alone.
FREEZING = ('bn_frozen', 'partial_bn')


def batch_norms(module: nn.Module) -> list[nn.Module]:
    """The batch norms in a module that have running statistics."""
    return [norm for norm in module.modules()
            if isinstance(norm, _BatchNorm) and norm.track_running_stats]


def let_norms_learn(backbone: nn.Module, mode: str | None) -> None:
    """Turns off what in a new backbone would freeze batch norms that the mode wants to follow, and
    lets them follow the mean alone where it wants that.
    """
    if mode in BATCHES_OWN:
        for name in FREEZING:
            if getattr(backbone, name, False):
                setattr(backbone, name, False)
    if mode == 'mean_only':
        for norm in batch_norms(backbone):
            norm.register_forward_pre_hook(_centre)
            norm.register_forward_hook(_back_in_training, always_call=True)


def set_norm_mode(backbone: nn.Module, mode: str | None) -> None:
    """Sets the batch norms of a backbone in training; those of frozen stages stay frozen."""
    if mode is None or not backbone.training:
        return
    for norm in batch_norms(backbone):
        norm.train(mode != 'frozen' and learns(norm))


def learns(norm: nn.Module) -> bool:
    """Whether a batch norm is of no frozen stage."""
    return all(parameter.requires_grad for parameter in norm.parameters())


def _centre(norm: nn.Module, inputs: tuple[Tensor]) -> Tensor | None:
    """Before a batch norm in training: takes the batch's mean from (B, C, …) values, in place of
    the running one, which moves. For the call the norm is in testing, whose variance it takes.

    Mean-only batch normalization is of Salimans and Kingma (2016), who have no variance at all.
    """
    if not norm.training:
        return None
    values = inputs[0]
    mean = values.float().mean([0, *range(2, values.ndim)])
    with torch.no_grad():
        norm.num_batches_tracked += 1
        share = 1 / norm.num_batches_tracked if norm.momentum is None else norm.momentum
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), share)
    norm.training, norm.takes_mean = False, True
    shift = (mean - norm.running_mean).to(values.dtype)
    return values - shift.reshape(-1, *[1] * (values.ndim - 2))


def _back_in_training(norm: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
    """After `_centre` and the norm, which may have failed."""
    if getattr(norm, 'takes_mean', False):
        norm.training, norm.takes_mean = True, False


class PooledStatistics:
    """Mean and variance of what reaches a batch norm, over all elements of all batches.

    The mean of the batches' variances, in its place, lacks what the batches' means differ by.
    """

    def __init__(self, channels: int, device: torch.device) -> None:
        # Elements a channel, their sum and that of their squares. Sums over videos are of doubles,
        # since of two large ones a small difference is taken.
        self.count = torch.zeros((), dtype=torch.float64, device=device)
        self.sums = torch.zeros(2, channels, dtype=torch.float64, device=device)

    @torch.no_grad()
    def add(self, norm: nn.Module, inputs: tuple[Tensor]) -> None:
        """Takes a batch (B, C, …), as a hook before the norm's forward."""
        values = inputs[0].float()
        variance, mean = (one.double() for one in torch.var_mean(
            values, [0, *range(2, values.ndim)], correction=0))
        elements = values.numel() // values.shape[1]
        self.count += elements
        self.sums += elements * torch.stack([mean, variance + mean.square()])

    def write(self, norm: nn.Module) -> None:
        """Makes them a norm's running statistics; the variance without bias, as torch's."""
        mean, squares = self.sums / self.count
        unbiased = self.count / (self.count - 1).clamp(min=1)
        variance = (squares - mean.square()).clamp(min=0) * unbiased
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)


@contextmanager
def pooling_statistics(norms: list[nn.Module]) -> Iterator[list[PooledStatistics]]:
    """Gives statistics of all that reaches norms, each of which takes its batches' own.

    Running statistics are afterwards as they were.
    """
    buffers = [buffer for norm in norms for buffer in norm.buffers()]
    before = [buffer.clone() for buffer in buffers]
    modes = [norm.training for norm in norms]
    pooled = [PooledStatistics(norm.num_features, norm.running_mean.device) for norm in norms]
    hooks = [norm.register_forward_pre_hook(one.add) for norm, one in zip(norms, pooled)]
    for norm in norms:
        norm.train()
    try:
        yield pooled
    finally:
        for hook in hooks:
            hook.remove()
        for norm, mode in zip(norms, modes):
            norm.train(mode)
        for buffer, value in zip(buffers, before):
            buffer.copy_(value)
