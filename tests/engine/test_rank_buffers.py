"""Buffers that differ between ranks, in checkpoints of steps and of epochs' ends."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from on_ranks import on_two_ranks
from recording import ShapeRecorder, make_runner

from mmlofi.engine.rank_buffers import RANK_BUFFERS

EMA = {'none': [], 'copied buffers': [dict(type='EMAHook', momentum=0.5)],
       'own buffers': [dict(type='ModelEMAHook', momentum=0.5, update_buffers=True)]}


@MODELS.register_module()
class NormedRecorder(ShapeRecorder):
    """One that has running statistics, of what its rank sees."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        seen = inputs.float() * (1 + get_rank())   # the fixture's videos are one and the same
        normed = self.norm(seen.reshape(len(inputs), 1, -1))
        loss = (self.weight + normed).square().mean()
        return dict(loss=loss + super().forward(inputs, data_samples, mode)['loss'])


class Stop(Exception):
    """In place of a kill."""


class Watch(Hook):
    """What a rank has before the step at which it stops, of the model and of its mean."""

    priority = 'HIGHEST'

    def __init__(self, stop):
        self.stop = stop

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.stop:
            self.buffers = buffers_of(runner)
            raise Stop


def buffers_of(runner):
    means = [hook.ema_model.module for hook in runner.hooks if hasattr(hook, 'ema_model')]
    return [{name: value.tolist() for name, value in module.named_buffers()
             if name.startswith('norm.')} for module in [runner.model.module, *means]]


def make(folder, ema, **settings):
    runner = make_runner(
        folder, epochs=2, hook={}, workers=0, batch_size=1, launcher='pytorch',
        model=dict(type='NormedRecorder'), default_hooks=dict(
            sync_buffers=dict(type='SyncBuffersHook'), checkpoint=dict(
                type='AtomicCheckpointHook', by_epoch=False, interval=2)), **settings)
    runner.register_custom_hooks(EMA[ema])
    return runner


def stop_before(runner, step):
    watch = Watch(step)
    runner.register_hook(watch)
    with pytest.raises(Stop):
        runner.train()
    return watch.buffers


@pytest.mark.parametrize('ema', EMA)
def test_a_checkpoint_of_a_step_has_the_mean_over_ranks_and_each_rank_resumes_its_own(videos, ema):
    """3 steps an epoch and rank, of which the second has a checkpoint."""
    def stop_and_resume(rank):
        stopped = stop_before(make(videos, ema), 2)
        return stopped, stop_before(make(videos, ema, resume=True), 2)
    (stopped, resumed), (other_stopped, other_resumed) = on_two_ranks(stop_and_resume, videos)
    assert resumed == stopped
    assert other_resumed == other_stopped
    assert stopped[0]['norm.running_mean'] != other_stopped[0]['norm.running_mean']
    saved = torch.load(videos / 'work' / 'iter_2.pth', weights_only=False)
    for name in ('norm.running_mean', 'norm.running_var'):
        expected = (torch.tensor(stopped[-1][name]) + torch.tensor(other_stopped[-1][name])) / 2
        assert torch.equal(saved['state_dict'][name], expected)   # the mean's, where there is one
        assert saved[RANK_BUFFERS]['model'][name].tolist() == [stopped[0][name],
                                                               other_stopped[0][name]]


@pytest.mark.parametrize('ema', EMA)
def test_a_checkpoint_of_an_epochs_end_has_what_hooks_made_of_buffers_then(videos, ema):
    """Also one by step, which was written before they ran."""
    def train(rank):
        runner = make(videos, ema)
        runner.train()
        return buffers_of(runner)
    first, second = on_two_ranks(train, videos)
    assert first == second
    saved = torch.load(videos / 'work' / 'iter_6.pth', weights_only=False)
    assert RANK_BUFFERS not in saved
    assert saved['meta']['epoch'] == 2
    assert saved['state_dict']['norm.running_mean'].tolist() == first[-1]['norm.running_mean']
