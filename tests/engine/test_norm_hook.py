"""Batch-norm statistics of full fidelity in all that a training leaves, in a real Runner."""
from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest
import resumable
import torch
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.runner import Runner
from on_ranks import on_two_ranks

from mmlofi.engine import NormStatisticsHook
from mmlofi.models.encoders.norm import batch_norms

NAME = 'backbone.conv1.bn.running_var'
VIDEOS = 2   # of which statistics are taken


class WatchFirstNorm(Hook):
    """Keeps what reaches the encoder's first batch norm after the last step, and what it has in
    validations."""

    priority = 'LOWEST'

    def __init__(self):
        self.seen, self.validated, self.watches = [], [], False

    def before_run(self, runner):
        def watch(module, inputs):
            if self.watches:
                self.seen.append(inputs[0].detach().clone())
        self.norm = batch_norms(runner.model.backbone)[0]
        self.norm.register_forward_pre_hook(watch)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.watches = False
        self.seen.clear()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.watches = True

    def before_val_epoch(self, runner):
        self.validated.append(self.norm.running_var.clone())


@METRICS.register_module()
class Half(BaseMetric):
    """A score that never gets better."""

    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        return dict(mAP=0.5)


def make(folder, norm='reestimated', *, epochs=2, every=0, ema=True, work='work', hooks=(),
         checkpoint=None, validates=False, **hook):
    args = Namespace(work_dir=str(folder / work), data=str(folder), by='epoch', head='gtad',
                     every=every, epochs=epochs, workers=0, batch_size=2, accumulate=1, seed=0,
                     max_bad_share=0.05, amp=False, no_check=False, launcher='none')
    cfg = resumable.config(args)
    cfg.model.encoder = dict(norm=norm, chunk_size=3)
    cfg.default_hooks.norm_statistics = dict(type='NormStatisticsHook', **dict(
        num_videos=VIDEOS) | hook)
    cfg.default_hooks.checkpoint.update(checkpoint or {})
    cfg.custom_hooks = [one for one in cfg.custom_hooks if ema or one.type != 'EMAHook'] + list(
        hooks)
    if validates:
        cfg.val_dataloader = dict(batch_size=1, num_workers=0, dataset=dict(
            cfg.train_dataloader.dataset, test_mode=True),
            sampler=dict(type='DefaultSampler', shuffle=False))
        cfg.val_cfg, cfg.val_evaluator = dict(type='ValLoop'), dict(type='Half')
    runner, watch = Runner.from_cfg(cfg), WatchFirstNorm()
    runner.register_hook(watch)
    return runner, watch


def train(folder, *args, **settings):
    runner, watch = make(folder, *args, **settings)
    runner.train()
    return runner, watch


def saved(folder: Path, work: str = 'work') -> dict[str, dict]:
    return {path.name: torch.load(path, weights_only=False)
            for path in sorted((folder / work).glob('*.pth'))}


def assert_has_statistics_of_its_weights(runner, checkpoint):
    """In the order of the file: EMA's weights as the model, and beside them the model's."""
    model, hook = runner.model, NormStatisticsHook(num_videos=VIDEOS)
    states = [checkpoint['state_dict']]
    if 'ema_state_dict' in checkpoint:
        states.append({name.removeprefix('module.'): value for name, value in
                       checkpoint['ema_state_dict'].items() if name != 'steps'})
    for state in states:
        model.load_state_dict(state)
        norms = batch_norms(model.backbone)
        for norm, statistics in zip(norms, hook._estimate(model, norms, hook._loader(runner))):
            statistics.write(norm)
        for name, value in model.state_dict().items():
            assert torch.equal(value, state[name]), name
    assert len(states) == 1 or not torch.equal(states[0][NAME], states[1][NAME])


def test_statistics_are_those_of_all_videos_at_full_fidelity(videos):
    runner, watch = train(videos, ema=False, num_videos=64)
    assert [tuple(one.shape) for one in watch.seen] == [
        (3, 4, 2, 32, 32), (3, 4, 2, 32, 32), (2, 4, 2, 32, 32)] * 6
    everything = torch.cat(watch.seen).transpose(0, 1).flatten(1)
    variance, mean = torch.var_mean(everything, 1)
    torch.testing.assert_close(watch.norm.running_mean, mean)
    torch.testing.assert_close(watch.norm.running_var, variance)
    assert watch.norm.momentum == 0.1


def test_each_checkpoint_has_the_statistics_of_its_weights_and_so_has_what_is_validated(videos):
    runner, watch = train(videos, every=2, checkpoint=dict(max_keep_ckpts=-1, save_best='mAP'),
                      validates=True)
    files = saved(videos)
    assert set(files) == {'iter_2.pth', 'iter_4.pth', 'iter_6.pth', 'best_mAP_iter_3.pth'}
    assert len({tuple(file['state_dict'][NAME].tolist()) for file in files.values()}) == 4
    for file in files.values():
        assert_has_statistics_of_its_weights(runner, file)
    assert files['iter_6.pth']['meta']['epoch'] == 2
    for variance, name in zip(watch.validated, ('best_mAP_iter_3.pth', 'iter_6.pth'), strict=True):
        assert torch.equal(variance, files[name]['state_dict'][NAME])


def test_a_training_that_stops_early_leaves_them_and_its_last_checkpoint(videos):
    stop = dict(type='EarlyStoppingHook', monitor='mAP', patience=1)
    runner, watch = train(videos, epochs=9, hooks=[stop], validates=True, checkpoint=dict(
        interval=5, save_best='mAP'))
    files = saved(videos)
    assert set(files) == {'best_mAP_epoch_1.pth', 'epoch_2.pth'}
    for file in files.values():
        assert_has_statistics_of_its_weights(runner, file)


def test_taking_them_changes_nothing_in_the_training(videos):
    kept = [train(videos, norm, epochs=1, ema=False, work=f'{norm}{every}', every=every)[0]
            for norm, every in (('running', 0), ('reestimated', 2), ('reestimated', 0))]
    states = [dict(runner.model.named_parameters()) for runner in kept]
    for name, value in states[0].items():
        assert all(torch.equal(state[name], value) for state in states[1:]), name
    first, second = (runner.model.state_dict()[NAME] for runner in kept[1:])
    assert torch.equal(first, second)
    counts = [runner.model.state_dict()['backbone.conv1.bn.num_batches_tracked'] for runner in kept]
    assert counts[0] == counts[1] == counts[2]


def test_statistics_are_pooled_over_ranks(videos, monkeypatch):
    runner, _ = make(videos, ema=False)
    norms = batch_norms(runner.model.backbone)

    def estimate(rank):
        hook = NormStatisticsHook(num_videos=6)

        def take():
            return [(float(one.count), one.sums.numpy()) for one in hook._estimate(
                runner.model, norms, hook._loader(runner))]
        pooled = take()
        monkeypatch.setattr('mmlofi.engine.norm_hook.all_reduce', lambda tensor: None)
        return pooled, take()
    (pooled, own), (other_pooled, other) = on_two_ranks(estimate, videos)
    for (count, sums), same, *parts in zip(pooled, other_pooled, own, other, strict=True):
        assert count == same[0] == sum(count for count, _ in parts)
        assert (sums == same[1]).all()
        assert (sums == sum(sums for _, sums in parts)).all()
    assert pooled[0][0] == 6 * 8 * 2 * 32 * 32      # elements of 6 videos of 8 snippets


def test_checkpoints_that_would_lack_them_are_refused(videos):
    runner, _ = make(videos, checkpoint=dict(type='CheckpointHook'))
    with pytest.raises(ValueError, match="checkpoints are CheckpointHook's.*AtomicCheckpointHook"):
        runner.train()


@pytest.mark.parametrize('norm', [None, 'frozen', 'running'])
def test_other_encoders_are_left_alone(videos, norm):
    _, watch = train(videos, norm, epochs=1, ema=False)
    assert watch.seen == []
    assert bool(watch.norm.running_mean.any()) == (norm != 'frozen')


@pytest.mark.parametrize('number', [0, 1.5])
def test_a_number_of_no_video_is_refused(number):
    with pytest.raises(ValueError, match=f'num_videos={number}; expected 1 or more'):
        NormStatisticsHook(num_videos=number)
