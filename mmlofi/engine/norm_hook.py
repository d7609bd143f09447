"""Gives the encoder batch-norm statistics of the fidelity that it will be used at."""
from __future__ import annotations

from itertools import islice

import torch
from mmaction.registry import HOOKS
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from mmlofi.datasets.sampler import FidelityBatchSampler
from mmlofi.engine.atomic_checkpoint import AtomicCheckpointHook
from mmlofi.models.encoders.frozen_base import hash_weights
from mmlofi.models.encoders.norm import (
    PooledStatistics,
    batch_norms,
    learns,
    pooling_statistics,
)
from mmlofi.models.localizer import EndToEndLocalizer


@HOOKS.register_module()
class NormStatisticsHook(Hook):
    """Re-estimates the encoder's batch-norm statistics at full fidelity, where they are asked for.

    With `encoder=dict(norm='reestimated')` training takes each batch's own statistics, at whatever
    fidelity it is. Whenever a checkpoint is written, and before a validation, running mean and
    variance become those of all that `num_videos` training videos give at full fidelity, which is
    what features are extracted at: the mean over videos, and the variance within and between them
    ("precise" batch norm: Wu and Johnson, 2021, section 3). They are a function of the weights, of
    an EMAHook's as well, and change nothing in the training. Every other model is left alone.

    Args:
        num_videos: Videos of the training set, one at a time, shared among ranks.

    Raises:
        ValueError: At construction for a number below 1; before the first step, when checkpoints
            are written by a hook that does not ask for statistics.
    """

    priority = 'BELOW_NORMAL'   # after EMAHook has put its mean into the model that is validated

    def __init__(self, *, num_videos: int = 64) -> None:
        if not isinstance(num_videos, int) or num_videos < 1:
            raise ValueError(f'NormStatisticsHook got num_videos={num_videos!r}; expected 1 '
                             'or more')
        self.num_videos = num_videos
        self._known: dict[str, list[PooledStatistics]] = {}   # of weights, by their digest
        self._iteration = -1   # that they are of

    def before_train(self, runner: Runner) -> None:
        """Refuses checkpoints that statistics would not reach."""
        others = [type(hook).__name__ for hook in runner.hooks if isinstance(hook, CheckpointHook)
                  and not isinstance(hook, AtomicCheckpointHook)]
        if others and _encoder_to_estimate(runner) is not None:
            raise ValueError(f"the encoder has norm='reestimated' and checkpoints are {others[0]}'s"
                             ', which would lack the statistics; expected AtomicCheckpointHook: set'
                             " default_hooks.checkpoint.type='AtomicCheckpointHook'")

    def before_checkpoint(self, runner: Runner) -> None:
        """Re-estimates those of the model and of its running mean; on all ranks."""
        means = [hook.ema_model.module for hook in runner.hooks if isinstance(hook, EMAHook)]
        self._bring_up_to_date(runner, means)

    def before_val_epoch(self, runner: Runner) -> None:
        """Re-estimates those of the model that is validated, whichever weights it has now."""
        self._bring_up_to_date(runner)

    def before_test_epoch(self, runner: Runner) -> None:
        """The same after a training; in other tests they are the checkpoint's."""
        self._bring_up_to_date(runner)

    def after_train(self, runner: Runner) -> None:
        """Leaves the model as its last checkpoint has it."""
        self._bring_up_to_date(runner)

    def _bring_up_to_date(self, runner: Runner, others: list[EndToEndLocalizer] | None = None
                          ) -> None:
        model = _encoder_to_estimate(runner)
        if model is None:
            return
        if self._iteration != runner.iter:
            self._known, self._iteration = {}, runner.iter
        learning = [learns(norm) for norm in batch_norms(model.backbone)]
        for one in [model, *(others or [])]:
            norms = [norm for norm, wanted in zip(batch_norms(one.backbone), learning) if wanted]
            digest = hash_weights(dict(one.backbone.named_parameters()))
            if digest not in self._known:
                self._known[digest] = self._estimate(one, norms, self._loader(runner))
                print_log(f'{len(norms)} batch norms of the encoder took statistics of full '
                          'fidelity', logger='current')
            for norm, statistics in zip(norms, self._known[digest]):
                statistics.write(norm)

    @torch.no_grad()
    def _estimate(self, model: EndToEndLocalizer, norms: list[nn.Module], videos: DataLoader
                  ) -> list[PooledStatistics]:
        """Statistics of all ranks' videos; all else is as when features are extracted."""
        training = model.training
        model.eval()
        with pooling_statistics(norms) as pooled:
            for batch in islice(videos, -(-self.num_videos // get_world_size())):
                model.extract_feat(model.data_preprocessor(batch, training=True)['inputs'])
        model.train(training)
        for statistics in pooled:
            all_reduce(statistics.count)
            all_reduce(statistics.sums)
        return pooled

    def _loader(self, runner: Runner) -> DataLoader:
        """One video a batch at full fidelity, in an order that the training's seed gives."""
        trained = runner.train_dataloader
        order = DefaultSampler(trained.dataset, shuffle=True,
                               seed=getattr(trained.batch_sampler, 'seed', 0))
        return DataLoader(trained.dataset, batch_sampler=FidelityBatchSampler(order, 1),
                          num_workers=trained.num_workers, collate_fn=pseudo_collate)


def _encoder_to_estimate(runner: Runner) -> EndToEndLocalizer | None:
    """The model of a training whose encoder is re-estimated."""
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    trains = isinstance(runner._train_loop, BaseLoop)
    wanted = isinstance(model, EndToEndLocalizer) and model.encoder.norm == 'reestimated'
    return model if trains and wanted and model.backbone is not None else None
