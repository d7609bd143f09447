"""Gives the encoder batch-norm statistics of the fidelity that it will be used at."""
from __future__ import annotations

from itertools import islice

import torch
from mmaction.registry import HOOKS
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mmlofi.datasets.sampler import FidelityBatchSampler
from mmlofi.models.encoders.norm import averaging_statistics, batch_norms
from mmlofi.models.localizer import EndToEndLocalizer


@HOOKS.register_module()
class NormStatisticsHook(Hook):
    """Re-estimates the encoder's batch-norm statistics at full fidelity, where they are asked for.

    With `encoder=dict(norm='reestimated')` training takes each batch's own statistics, at whatever
    fidelity it is; after the last epoch, before its checkpoint is written, running mean and
    variance become the mean of those of `num_videos` training videos at full fidelity, which is
    what features are extracted at ("precise" batch norm: Wu and Johnson, 2021, section 3). So do
    those of an EMAHook's weights. Every other model is left alone.

    Args:
        num_videos: Videos of the training set, one at a time, shared among ranks.

    Raises:
        ValueError: At construction for a number below 1.
    """

    priority = 'NORMAL'   # before checkpoints

    def __init__(self, *, num_videos: int = 64) -> None:
        if not isinstance(num_videos, int) or num_videos < 1:
            raise ValueError(f'NormStatisticsHook got num_videos={num_videos!r}; expected 1 '
                             'or more')
        self.num_videos = num_videos

    def after_train_epoch(self, runner: Runner) -> None:
        """Re-estimates at the end of the last epoch."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        wanted = isinstance(model, EndToEndLocalizer) and model.encoder.norm == 'reestimated'
        if not wanted or model.backbone is None or runner.epoch + 1 < runner.max_epochs:
            return
        averaged = [hook.ema_model.module for hook in runner.hooks if isinstance(hook, EMAHook)]
        learning = [norm.training for norm in batch_norms(model.backbone)]
        for one in [model, *averaged]:
            norms = [norm for norm, learns in zip(batch_norms(one.backbone), learning) if learns]
            self._reestimate(one, norms, self._loader(runner))
        print_log(f'{sum(learning)} batch norms of the encoder took statistics of full fidelity',
                  logger='current')

    @torch.no_grad()
    def _reestimate(self, model: EndToEndLocalizer, norms: list[nn.Module],
                    videos: DataLoader) -> None:
        with averaging_statistics(norms):
            for batch in islice(videos, -(-self.num_videos // get_world_size())):
                model.extract_feat(model.data_preprocessor(batch, training=True)['inputs'])
        for norm in norms:
            all_reduce(norm.running_mean, op='mean')
            all_reduce(norm.running_var, op='mean')

    def _loader(self, runner: Runner) -> DataLoader:
        """One video a batch at full fidelity, in an order that the training's seed gives."""
        trained = runner.train_dataloader
        order = DefaultSampler(trained.dataset, shuffle=True,
                               seed=getattr(trained.batch_sampler, 'seed', 0))
        return DataLoader(trained.dataset, batch_sampler=FidelityBatchSampler(order, 1),
                          num_workers=trained.num_workers, collate_fn=pseudo_collate)
