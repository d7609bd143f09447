"""The running mean of a model's weights, which is what is validated, tested and saved."""
from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import all_reduce_params
from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from torch import nn


@HOOKS.register_module()
class ModelEMAHook(EMAHook):
    """MMEngine's EMAHook, for any checkpoint that the model itself loads.

    After each step the mean takes `momentum` of the weights; with `momentum=0.001` 0.999 of it
    stays, as in ActionFormer and TriDet. It starts as a copy of the weights after the first step,
    which a warm-up from 0 leaves as they were.

    A checkpoint's `state_dict` holds the mean and its `ema_state_dict` the weights themselves, and
    resuming swaps them back. MMEngine's hook loads every other checkpoint a second time, by its own
    rules, into a model that a test then takes in place of the one that was loaded; this one leaves
    it to the model, of which the mean is a copy, and a test without a training takes it as it is.

    Parameters without gradient have no mean: the copy holds the model's own, so that a frozen
    encoder is in memory once.

    Args:
        kwargs: `momentum`, `interval`, `begin_iter`, `update_buffers`, … of EMAHook.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Takes mean and weights apart when a training is resumed."""
        if runner._resume:
            super().after_load_checkpoint(runner, checkpoint)

    def before_train(self, runner: Runner) -> None:
        """Starts the mean with the weights that were loaded, unless it goes on."""
        super().before_train(runner)
        if not self.ema_model.steps:
            self.ema_model.module.load_state_dict(self.src_model.state_dict())
        if not self.ema_model.update_buffers:
            share_frozen(self.ema_model.module, self.src_model)

    def after_train_epoch(self, runner: Runner) -> None:
        """Averages a mean's own buffers over ranks, as SyncBuffersHook does the model's."""
        if self.ema_model.update_buffers:
            all_reduce_params(self.ema_model.module.buffers(), op='mean')

    def _swap_ema_parameters(self) -> None:
        if self.ema_model.steps:   # else nothing was averaged, as in a test
            super()._swap_ema_parameters()


def share_frozen(copied: nn.Module, model: nn.Module) -> None:
    """Gives a copy of a model the parameters themselves that have no gradient in it."""
    for own, value in zip(copied.parameters(), model.parameters()):
        if not value.requires_grad:
            own.data = value.data
