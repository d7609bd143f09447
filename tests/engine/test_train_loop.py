"""FidelityTrainLoop in real Runners; kills and bit-exact results are in test_resume.py."""
from __future__ import annotations

import json
import shutil

import pytest
import torch
from mmaction.registry import HOOKS, METRICS
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from recording import CYCLE, EPOCH, make_runner, train

from mmlofi.engine import train_loop

EVERY_2 = dict(default_hooks=dict(
    checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=2)))


class Stop(Exception):
    """In place of a kill."""


@HOOKS.register_module()
class StopAt(Hook):
    """Ends a run after some steps, when the checkpoint of the step is written."""

    priority = 'LOWEST'

    def __init__(self, steps):
        self.steps = steps

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.steps:
            raise Stop


def stop_after(steps, folder, **settings):
    runner = make_runner(folder, workers=0, **settings)
    runner.register_hook(StopAt(steps))
    with pytest.raises(Stop):
        runner.train()
    return runner


@pytest.fixture
def seeds(monkeypatch):
    """What the loop seeds with, step by step."""
    found = []
    monkeypatch.setattr(train_loop, 'seed_all', lambda seed: found.append(seed))
    return found


def test_an_interrupted_epoch_goes_on_with_its_next_step(videos, seeds):
    settings = dict(epochs=3, hook=dict(by='iter', interval=1), **EVERY_2)
    whole, _ = train(videos, **settings)
    whole_seeds = list(seeds)
    shutil.rmtree(videos / 'work')
    stop_after(4, videos, **settings)
    seeds.clear()
    rest, runner = train(videos, resume=True, **settings)
    assert rest == whole[4:] == ['T', 'ST', 'S', 'T', 'ST']
    assert seeds == whole_seeds[4:]
    assert (runner.epoch, runner.iter) == (3, 9)


def test_a_checkpoint_of_the_last_step_of_an_epoch_still_ends_that_epoch(videos):
    """Schedulers by epoch step after the checkpoint of the step was written."""
    settings = dict(epochs=3, hook={}, param_scheduler=dict(type='StepLR', step_size=1, gamma=0.5),
                    default_hooks=dict(checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False,
                                                       interval=EPOCH)))
    _, whole = train(videos, **settings)
    shutil.rmtree(videos / 'work')
    stop_after(EPOCH, videos, **settings)
    names, runner = train(videos, resume=True, **settings)
    assert names == ['T'] * EPOCH + ['ST'] * EPOCH
    assert runner.optim_wrapper.get_lr() == whole.optim_wrapper.get_lr()
    assert whole.optim_wrapper.get_lr()['lr'][0] < 0.1


def test_schedulers_by_epoch_have_stepped_also_where_the_next_epoch_has_other_batches(videos):
    """The checkpoint of the last step was written before they did."""
    settings = dict(epochs=3, hook={}, param_scheduler=dict(type='StepLR', step_size=1, gamma=0.5),
                    default_hooks=dict(checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False,
                                                       interval=EPOCH)))
    stop_after(EPOCH, videos, **settings)
    _, runner = train(videos, resume=True, batch_size=1, **settings)
    rates = runner.message_hub.get_scalar('train/lr').data[0]
    assert list(rates)[-12:] == [0.05] * 6 + [0.025] * 6      # epochs 2 and 3


@pytest.mark.parametrize('sampler', ['InfiniteSampler', 'DefaultSampler'])
def test_the_order_of_an_epoch_is_part_of_its_place(videos, sampler):
    settings = dict(epochs=2, hook={}, **EVERY_2)
    stop_after(4, videos, **settings)
    runner = make_runner(videos, resume=True, order=dict(type=sampler, shuffle=False), **settings)
    words = dict(InfiniteSampler='InfiniteSampler gave', DefaultSampler=(
        'written at step 1 of 3 of epoch 2, whose videos had another order.*restore train_'))
    with pytest.raises(ValueError, match=words[sampler]):
        runner.train()
    assert runner.model.steps == []


@pytest.mark.parametrize('loop', ['FidelityTrainLoop', 'EpochBasedTrainLoop'])
def test_a_schedule_in_the_sampler_has_no_place_in_a_runner(videos, loop):
    runner = make_runner(videos, epochs=2, hook={}, workers=0, sampler=dict(
        schedule=dict(cycle=CYCLE)), train_cfg=dict(type=loop, max_epochs=2))
    runner._hooks = [hook for hook in runner.hooks if type(hook).__name__ != 'LoFiCycleHook']
    with pytest.raises(ValueError, match='one owner: custom_hooks=.*LoFiCycleHook'):
        runner.train()
    assert runner.model.steps == []


def test_a_validation_that_is_run_again_averages_no_buffers_again(videos, monkeypatch):
    """Of three ranks with equal numbers the mean may be another one."""
    settings = dict(epochs=1, hook={}, **with_validation(videos))
    settings['default_hooks'] = dict(sync_buffers=dict(type='SyncBuffersHook'))
    make_runner(videos, **dict(settings, val_cfg=None, val_dataloader=None, val_evaluator=None)
                ).train()
    runner, reduced = make_runner(videos, resume=True, **settings), []
    monkeypatch.setattr('mmengine.hooks.sync_buffer_hook.all_reduce_params',
                        lambda *args, **kwargs: reduced.append(args))
    for hook in runner.hooks:
        hook.distributed = True
    monkeypatch.setattr(Count, 'evaluations', 0)
    runner.train()
    assert Count.evaluations == 1
    assert reduced == []


@pytest.mark.parametrize(('changed', 'said'), [
    (dict(batch_size=1), 'batch_size 2 → 1'),
    (dict(cycle=CYCLE[:2]), 'schedule .*spatial=2.* → '),
    (dict(wrap=lambda inner: dict(type='RepeatDataset', times=2, dataset=inner)),
     'videos_per_rank 6 → 12')])
def test_the_middle_of_an_epoch_cannot_go_on_with_other_settings(videos, changed, said):
    stop_after(4, videos, epochs=2, hook={}, **EVERY_2)
    runner = make_runner(videos, **(dict(epochs=2, hook={}, resume=True) | EVERY_2 | changed))
    with pytest.raises(ValueError, match=f'written at step 1 of 3 of epoch 2.*{said}.*expected the '
                                         'same settings'):
        runner.train()
    assert runner.model.steps == []


@pytest.mark.parametrize(('place', 'value', 'said'), [
    ('epoch', 10**9, 'after 1000000000 epochs; expected at most the 2'), ('epoch', 'x', 'at .*x'),
    ('iter', 10**9, 'steps after the start of epoch'), ('iter', -1, 'whole numbers'),
    ('loop_position', 5, 'whole numbers'), ('loop_position', dict(seed=[]), 'whole numbers')])
def test_a_checkpoint_of_no_place_in_the_training_is_refused(videos, place, value, said):
    stop_after(2, videos, epochs=2, hook={}, **EVERY_2)
    path = videos / 'work' / 'iter_2.pth'
    content = torch.load(path, weights_only=False)
    owner = content['message_hub']['runtime_info'] if place == 'loop_position' else content['meta']
    owner[place] = value
    torch.save(content, path)
    runner = make_runner(videos, epochs=2, hook={}, resume=True, **EVERY_2)
    with pytest.raises(ValueError, match=said):
        runner.train()


def test_an_epochs_end_can_go_on_with_other_settings_and_says_so(videos, monkeypatch):
    said = []
    monkeypatch.setattr(train_loop, 'print_log', lambda message, *_: said.append(message))
    train(videos, epochs=1, hook={})
    names, runner = train(videos, epochs=2, hook={}, batch_size=1, resume=True)
    assert names == ['T'] * 6
    assert runner.iter == runner.max_iters == 12
    assert said == ['the checkpoint was written with other settings (batch_size 2 → 1): training '
                    'goes on at epoch 2, step 1 (iteration 3 → 6), not exactly as it would have']


def test_the_seed_of_the_checkpoint_orders_the_videos_also_when_none_is_given(videos):
    free = dict(epochs=2, hook={}, randomness=dict(seed=None))
    first = make_runner(videos, **(free | dict(epochs=1)))
    first.train()
    second = make_runner(videos, resume=True, **free)
    assert second.train_loop.sampler.seed != first.train_loop.sampler.seed   # by chance
    second.train()
    assert second.train_loop.sampler.seed == first.train_loop.sampler.seed


def test_another_batch_sampler_is_refused(videos):
    runner = make_runner(videos, epochs=1, hook={}, batch_sampler=False)
    with pytest.raises(ValueError, match='FidelityTrainLoop found the batch sampler BatchSampler; '
                                         'expected a FidelityBatchSampler'):
        runner.train()


@METRICS.register_module()
class Count(BaseMetric):
    """Counts its evaluations over all Runners of a test."""

    evaluations = 0

    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        Count.evaluations += 1
        return dict(mAP=0.5)


def with_validation(folder):
    runner = make_runner(folder, epochs=1, hook={})   # for its data set
    dataset = runner.train_dataloader.dataset
    runner.model.__class__.val_step = lambda self, batch: [object()]
    loader = torch.utils.data.DataLoader(dataset, collate_fn=runner.train_dataloader.collate_fn)
    return dict(val_cfg=dict(type='ValLoop'), val_evaluator=dict(type='Count'),
                val_dataloader=loader)


def test_a_validation_that_a_kill_cut_short_is_run_again_and_no_other(videos, monkeypatch):
    monkeypatch.setattr(Count, 'evaluations', 0)
    settings = dict(epochs=1, hook={}, **with_validation(videos))

    def cut_short(self, results):
        raise Stop
    with monkeypatch.context() as patched:
        patched.setattr(Count, 'compute_metrics', cut_short)
        with pytest.raises(Stop):
            make_runner(videos, **settings).train()
    assert Count.evaluations == 0
    train(videos, resume=True, **settings)
    assert Count.evaluations == 1


@pytest.mark.parametrize(('before', 'after'), [(False, True), (True, False)])
def test_an_epochs_end_goes_on_with_its_next_epoch_when_drop_last_changes(videos, before, after):
    """4 videos a batch of 6: one step an epoch, or two; no epoch is skipped or begins before 0."""
    train(videos, epochs=1, hook={}, batch_size=4, sampler=dict(drop_last=before))
    names, runner = train(videos, epochs=2, hook={}, batch_size=4, resume=True,
                          sampler=dict(drop_last=after))
    assert names == ['T'] * (1 if after else 2)
    assert runner.iter == runner.max_iters


def test_a_restart_with_another_count_keeps_updates_whole(videos):
    """The optimizer wrapper counts steps itself: 6 of them become 12, and 7 would be mid-update."""
    accumulate = dict(optim_wrapper=dict(accumulative_counts=2))
    train(videos, epochs=2, hook={}, batch_size=1, **accumulate)
    names, runner = train(videos, epochs=3, hook={}, batch_size=3, resume=True, **accumulate)
    assert names == ['ST'] * 2
    assert runner.optim_wrapper.inner_count == runner.iter == runner.max_iters == 6


def test_other_videos_in_the_same_number_are_other_settings(videos):
    stop_after(4, videos, epochs=2, hook={}, **EVERY_2)
    content = json.loads((videos / 'gt.json').read_text())
    content['database']['other'] = content['database'].pop('b')
    (videos / 'gt.json').write_text(json.dumps(content))
    shutil.copy(videos / 'b.mp4', videos / 'other.mp4')
    runner = make_runner(videos, epochs=2, hook={}, resume=True, **EVERY_2)
    with pytest.raises(ValueError, match='written at step 1 of 3 of epoch 2.*videos '):
        runner.train()


@pytest.mark.parametrize(('cycle', 'warnings'), [(CYCLE[:1], 0), (CYCLE, 1)])
def test_a_cycle_that_enlarges_frames_says_so_once(videos, cycle, warnings):
    resize = dict(type='Resize', scale=(96, 96), keep_ratio=False)   # S: 48, of videos of 64
    make_runner(videos, epochs=2, hook={}, cycle=cycle, workers=0,
                crop=dict(type='AtFidelity', transform=resize)).train()
    (log,) = (videos / 'work').glob('*/*.log')
    text = log.read_text()
    assert text.count("6 of 6 videos of subset 'training' are stored at a side below 96 (the "
                      "smallest: 64), which fidelity 'T' asks for") == warnings
