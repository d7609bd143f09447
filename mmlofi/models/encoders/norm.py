"""Whose statistics an encoder's batch norm uses, as one setting for any backbone."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import nn

NORM_MODES = (None, 'frozen', 'running', 'reestimated')
# Settings of MMAction2's backbones that freeze batch norms at each `train()`, affine part and all:
# CSN's, and that of ResNet, which leaves the first alone.
FREEZING = ('bn_frozen', 'partial_bn')


def batch_norms(module: nn.Module) -> list[nn.Module]:
    """The batch norms in a module that have running statistics."""
    return [norm for norm in module.modules()
            if isinstance(norm, _BatchNorm) and norm.track_running_stats]


def let_norms_learn(backbone: nn.Module, mode: str | None) -> None:
    """Turns off what in a new backbone would freeze batch norms that the mode wants to follow."""
    if mode in ('running', 'reestimated'):
        for name in FREEZING:
            if getattr(backbone, name, False):
                setattr(backbone, name, False)


def set_norm_mode(backbone: nn.Module, mode: str | None) -> None:
    """Sets the batch norms of a backbone in training; those of frozen stages stay frozen."""
    if mode is None or not backbone.training:
        return
    for norm in batch_norms(backbone):
        learns = all(parameter.requires_grad for parameter in norm.parameters())
        norm.train(mode != 'frozen' and learns)


@contextmanager
def averaging_statistics(norms: list[nn.Module]) -> Iterator[None]:
    """Starts the running statistics anew, as the mean over all batches that come."""
    before = [(norm, norm.momentum, norm.training) for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    try:
        yield
    finally:
        for norm, momentum, training in before:
            norm.momentum = momentum
            norm.train(training)
