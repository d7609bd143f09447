"""LoFiCycleHook in real Runners, on decoded videos and worker processes."""
from __future__ import annotations

import shutil

import pytest
import torch
from recording import CYCLE, EPOCH, logged, make_runner, train

from mmlofi.engine import cycle_hook


def test_the_long_cycle_reaches_the_model_epoch_by_epoch(videos):
    names, runner = train(videos, epochs=4, hook=dict(by='epoch'))
    assert names == ['S'] * EPOCH + ['T'] * EPOCH + ['ST'] * EPOCH + ['S'] * EPOCH
    assert runner.max_iters == 4 * EPOCH


def test_the_short_cycle_reaches_the_model_step_by_step(videos):
    names, _ = train(videos, epochs=3, hook=dict(by='iter', interval=2))
    assert names == ['S', 'S', 'T', 'T', 'ST', 'ST', 'S', 'S', 'T']


def test_reductions_are_logged_beside_the_loss(videos):
    _, runner = train(videos, epochs=3, hook=dict(by='epoch'))
    temporal = runner.message_hub.get_scalar('train/fidelity/temporal').data[0]
    spatial = runner.message_hub.get_scalar('train/fidelity/spatial').data[0]
    assert list(temporal) == [1] * EPOCH + [4] * EPOCH + [2] * EPOCH
    assert list(spatial) == [2] * EPOCH + [1] * EPOCH + [2**0.5] * EPOCH
    lines = logged(videos)
    assert len(lines) == 3 * EPOCH
    assert lines[0]['fidelity/spatial'] == 2
    assert {'ST/loss', 'fidelity/temporal', 'fidelity/spatial'} <= set(lines[-1])


def test_every_change_is_announced_once(videos, monkeypatch):
    said = []
    monkeypatch.setattr(cycle_hook, 'print_log', lambda message, **_: said.append(message))
    train(videos, epochs=2, hook=dict(by='epoch'), cycle=CYCLE[:2])
    assert said == [
        'fidelity S: r_t=1, r_s=2, 25% of the pixels (epoch 1, iteration 1)',
        'fidelity T: r_t=4, r_s=1, 25% of the pixels (epoch 2, iteration 4)']


def test_what_the_training_never_comes_to_is_said_at_the_start(videos, monkeypatch):
    said = []
    monkeypatch.setattr(cycle_hook, 'print_log', lambda message, **_: said.append(message))
    phases = [dict(epochs=2, cycle=CYCLE), dict(cycle=CYCLE[2:])]
    make_runner(videos, epochs=2, hook=dict(phases=phases), cycle=None, workers=0).train_loop  # noqa: B018
    assert said == [
        'in its 2 epochs this training never comes to fidelity ST of phase 1; phase 2 (ST), which '
        "begins after epoch 2: set train_cfg.max_epochs, or shorten the interval and the phases' "
        'epochs of LoFiCycleHook, if it should']


def test_a_resumed_training_goes_on_in_the_cycle_with_the_same_videos(videos):
    whole, _ = train(videos, epochs=4, hook=dict(by='epoch'))
    shutil.rmtree(videos / 'work')
    train(videos, epochs=2, hook=dict(by='epoch'))
    rest, runner = train(videos, epochs=4, hook=dict(by='epoch'), resume=True)
    assert rest == whole[2 * EPOCH:] == ['ST'] * EPOCH + ['S'] * EPOCH
    assert runner.epoch == 4


def test_a_resumed_short_cycle_goes_on_at_its_step(videos):
    train(videos, epochs=1, hook=dict(by='iter', interval=2))
    rest, _ = train(videos, epochs=3, hook=dict(by='iter', interval=2), resume=True)
    assert rest == ['T', 'ST', 'ST', 'S', 'S', 'T']


def test_a_cycle_of_one_fidelity_never_changes(videos):
    names, _ = train(videos, epochs=2, hook=dict(by='epoch'), cycle=CYCLE[1:2])
    assert names == ['T'] * 2 * EPOCH


def test_a_missing_sampler_is_named_before_the_first_step(videos):
    runner = make_runner(videos, epochs=1, hook=dict(by='epoch'), batch_sampler=False)
    with pytest.raises(ValueError, match='found the batch sampler BatchSampler; expected a '
                                         r'FidelityBatchSampler: set train_dataloader\.batch_s'):
        runner.train()
    assert runner.model.steps == []


def test_a_loop_by_iteration_is_refused_before_the_first_step(videos):
    runner = make_runner(videos, epochs=1, hook=dict(by='iter'), workers=0,
                         train_cfg=dict(by_epoch=False, max_iters=4))
    with pytest.raises(ValueError, match='found IterBasedTrainLoop; expected a FidelityTrainLoop'):
        runner.train()
    assert runner.model.steps == []


def test_fewer_videos_than_a_batch_are_refused_before_anything_trains(videos):
    runner = make_runner(videos, epochs=1, hook=dict(by='epoch'), batch_size=7)
    with pytest.raises(ValueError, match='a rank gets 6 videos an epoch, fewer than batch_size=7'):
        runner.train()


@pytest.mark.parametrize(('cycle', 'names'), [(CYCLE, "'full' and 'S'"),
                                              (CYCLE[2:], "'full' and 'ST'")])
def test_a_pipeline_that_does_not_follow_the_cycle_is_refused(videos, cycle, names):
    runner = make_runner(videos, epochs=2, hook={}, workers=0, cycle=cycle,
                         crop=dict(type='Resize', scale=(64, 64), keep_ratio=False))
    with pytest.raises(ValueError, match=f'{names} differ in r_s.* 64 x 64.*AtFidelity'):
        runner.train()
    assert runner.model.steps == []


def test_too_few_snippets_to_divide_are_refused(videos):
    runner = make_runner(videos, epochs=2, hook={}, workers=0, cycle=[
        dict(name='T', temporal=8), dict(name='less', temporal=16)])
    with pytest.raises(ValueError, match="'T' and 'less' differ in r_t"):
        runner.train()
    assert runner.model.steps == []


def test_the_papers_cycle_is_the_default(videos):
    names, _ = train(videos, epochs=3, hook={}, cycle=None)
    assert names == ['S'] * EPOCH + ['T'] * EPOCH + ['ST'] * EPOCH


def test_a_schedule_of_phases_reaches_the_model(videos):
    phases = [dict(epochs=1, cycle=CYCLE[2:]), dict(cycle=CYCLE[:2], weights=[2, 1])]
    names, _ = train(videos, epochs=4, hook=dict(phases=phases), cycle=None)
    assert names == ['ST'] * EPOCH + ['S'] * EPOCH + ['T'] * EPOCH + ['S'] * EPOCH


def test_a_fidelity_may_have_its_own_batch_size_and_learning_rate(videos):
    cycle = [dict(CYCLE[0], batch_size=3, lr_factor=1.5), CYCLE[1]]
    names, runner = train(videos, epochs=4, hook={}, cycle=cycle, param_scheduler=dict(
        type='MultiStepLR', milestones=[2], gamma=0.1))
    assert names == ['S', 'S'] + ['T'] * 3 + ['S', 'S'] + ['T'] * 3
    assert [len(step[0]) for step in runner.model.steps] == [3, 3, 2, 2, 2, 3, 3, 2, 2, 2]
    assert runner.max_iters == runner.iter == 10
    rates = [line['lr'] for line in logged(videos)]
    expected = [0.15, 0.15, 0.1, 0.1, 0.1, 0.015, 0.015, 0.01, 0.01, 0.01]
    assert rates == pytest.approx(expected)
    assert runner.optim_wrapper.param_groups[0]['lr'] == pytest.approx(0.01)


def test_schedulers_by_step_last_as_long_as_the_schedule(videos):
    cycle = [dict(CYCLE[0], batch_size=3), CYCLE[1]]
    _, runner = train(videos, epochs=4, hook={}, cycle=cycle, param_scheduler=dict(
        type='LinearLR', start_factor=0.1, end_factor=1, by_epoch=False))
    assert runner.param_schedulers[0].end == runner.iter == 10


def test_epochs_turned_into_steps_last_as_many_as_whole_updates_have(videos):
    _, runner = train(videos, epochs=2, hook={}, batch_size=1, optim_wrapper=dict(
        accumulative_counts=4), param_scheduler=dict(
            type='CosineAnnealingLR', T_max=2, convert_to_iter_based=True))
    assert runner.param_schedulers[0].T_max == runner.iter == 2 * 4   # of 6 videos, 4 an update


def test_epochs_turned_into_steps_are_refused_where_they_differ(videos):
    cycle = [dict(CYCLE[0], batch_size=3), CYCLE[1]]
    runner = make_runner(videos, epochs=4, hook={}, cycle=cycle, param_scheduler=dict(
        type='CosineAnnealingLR', T_max=4, convert_to_iter_based=True))
    with pytest.raises(ValueError, match='epochs have 2 to 3 steps.*by_epoch=False with begin'):
        runner.train()
    assert runner.model.steps == []


def test_the_steps_of_an_update_share_a_fidelity_unless_told_not_to(videos):
    short = dict(by='iter', interval=1)
    accumulate = dict(accumulative_counts=2)
    names, runner = train(videos, epochs=2, hook=short, batch_size=1, optim_wrapper=accumulate)
    assert names == ['S', 'S', 'T', 'T', 'ST', 'ST'] * 2
    assert runner.max_iters == 12
    shutil.rmtree(videos / 'work')
    names, _ = train(videos, epochs=1, hook=dict(short, share_update=False), batch_size=1,
                     optim_wrapper=accumulate)
    assert names == ['S', 'T', 'ST'] * 2


def test_an_epoch_without_a_whole_update_is_refused(videos):
    runner = make_runner(videos, epochs=1, hook={}, optim_wrapper=dict(accumulative_counts=4))
    with pytest.raises(ValueError, match='a rank gets 6 videos an epoch, fewer than batch_size=2 '
                                         "times 4 steps an update at fidelity 'S'"):
        runner.train()


def test_wrappers_that_keep_the_fidelity_work(videos):
    repeated = dict(wrap=lambda inner: dict(type='RepeatDataset', times=2, dataset=inner))
    names, runner = train(videos, epochs=3, hook={}, **repeated)
    assert names == ['S'] * 6 + ['T'] * 6 + ['ST'] * 6
    shutil.rmtree(videos / 'work')
    joined = dict(wrap=lambda inner: dict(type='ConcatDataset', datasets=[inner, inner]))
    assert train(videos, epochs=3, hook={}, **joined)[0] == names


def test_a_wrapper_that_loses_the_fidelity_is_refused_before_the_first_step(videos):
    runner = make_runner(videos, epochs=1, hook={}, workers=0)
    table = torch.utils.data.Subset(runner.train_dataloader.dataset, [5, 4, 3, 2, 1, 0])
    runner.train_loop.dataloader = torch.utils.data.DataLoader(
        table, batch_sampler=runner.train_loop.sampler,
        collate_fn=runner.train_dataloader.collate_fn)
    with pytest.raises(ValueError, match=r"fidelity 'S' .*got samples of \['full'\].*"
                                         'RepeatDataset and ConcatDataset keep it'):
        runner.train()
    assert runner.model.steps == []
