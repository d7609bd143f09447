"""Batch-norm statistics of full fidelity after training at lower ones, in a real Runner."""
from __future__ import annotations

from argparse import Namespace

import pytest
import resumable
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmlofi.engine import NormStatisticsHook


class WatchFirstNorm(Hook):
    """Writes down what reaches the encoder's first batch norm after the steps of each epoch."""

    priority = 'HIGH'   # before NormStatisticsHook

    def __init__(self):
        self.means, self.shapes, self.watches = [], [], False

    def before_run(self, runner):
        def watch(module, inputs):
            if self.watches and module is self.norm:   # not EMA's copy of it
                self.means.append(inputs[0].mean((0, 2, 3, 4)))
                self.shapes.append(tuple(inputs[0].shape))
        self.norm = next(module for module in runner.model.backbone.modules()
                         if isinstance(module, torch.nn.BatchNorm3d))
        self.norm.register_forward_pre_hook(watch)

    def before_train_epoch(self, runner):
        self.watches = False

    def after_train_epoch(self, runner):
        self.watches = True


def train(folder, norm, **hook):
    args = Namespace(work_dir=str(folder / 'work'), data=str(folder), by='epoch', head='gtad',
                     every=0, epochs=2, workers=0, batch_size=2, accumulate=1, seed=0,
                     max_bad_share=0.05, amp=False, no_check=False, launcher='none')
    cfg = resumable.config(args)
    cfg.model.encoder = dict(norm=norm, chunk_size=3)
    cfg.default_hooks.norm_statistics = dict(type='NormStatisticsHook', **hook)
    runner, watch = Runner.from_cfg(cfg), WatchFirstNorm()
    runner.register_hook(watch)
    runner.train()
    return runner, watch


@pytest.mark.parametrize(('num_videos', 'seen'), [(64, 6), (2, 2)])
def test_statistics_after_training_are_the_mean_over_videos_at_full_fidelity(
        videos, num_videos, seen):
    runner, watch = train(videos, 'reestimated', num_videos=num_videos)
    assert watch.shapes == [(3, 4, 2, 32, 32), (3, 4, 2, 32, 32), (2, 4, 2, 32, 32)] * seen
    torch.testing.assert_close(watch.norm.running_mean, torch.stack(watch.means).mean(0))
    assert watch.norm.momentum == 0.1


def test_the_checkpoint_has_the_statistics_of_the_weights_that_it_has(videos):
    runner, watch = train(videos, 'reestimated')
    saved = torch.load(runner.message_hub.get_info('last_ckpt'), weights_only=False)
    name = 'backbone.conv1.bn.running_mean'
    assert torch.equal(saved['ema_state_dict'][f'module.{name}'], watch.norm.running_mean)
    averaged = runner.model   # EMA's weights are under the plain names
    averaged.load_state_dict(saved['state_dict'])
    hook = NormStatisticsHook()
    hook._reestimate(averaged, [watch.norm], hook._loader(runner))
    torch.testing.assert_close(watch.norm.running_mean, saved['state_dict'][name])
    assert not torch.equal(saved['state_dict'][name], saved['ema_state_dict'][f'module.{name}'])


@pytest.mark.parametrize('norm', [None, 'frozen', 'running'])
def test_other_encoders_are_left_alone(videos, norm):
    _, watch = train(videos, norm)
    assert watch.means == []
    assert bool(watch.norm.running_mean.any()) == (norm != 'frozen')


@pytest.mark.parametrize('number', [0, 1.5])
def test_a_number_of_no_video_is_refused(number):
    with pytest.raises(ValueError, match=f'num_videos={number}; expected 1 or more'):
        NormStatisticsHook(num_videos=number)
