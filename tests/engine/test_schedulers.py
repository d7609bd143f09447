"""Parameter schedulers of a training that goes on with other batches, beside one that had them."""
from __future__ import annotations

import shutil

import pytest
from mmengine.optim.scheduler import CosineAnnealingLR
from recording import make_runner

SCHEDULERS = {
    'by step': [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=4),
        dict(type='CosineAnnealingLR', by_epoch=False, begin=4, eta_min=1e-4),
        dict(type='StepLR', step_size=1, gamma=0.5, by_epoch=True)],
    'turned into steps': dict(type='CosineAnnealingLR', T_max=3, convert_to_iter_based=True),
    'none': None,
    'momentum by step': dict(type='LinearMomentum', start_factor=0.5, by_epoch=False, end=9)}


def make(folder, epochs, *, batch_size, scaled=False, **settings):
    return make_runner(folder, epochs=epochs, hook={}, workers=0, batch_size=batch_size,
                       optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
                       auto_scale_lr=dict(enable=scaled, base_batch_size=2), **settings)


def train(*args, **settings):
    """Learning rate and momentum of each step."""
    runner, found = make(*args, **settings), []
    run = runner.train_loop.run_iter

    def run_iter(*args):
        (group,) = runner.optim_wrapper.param_groups
        found.append((group['lr'], group['momentum']))
        run(*args)
    runner.train_loop.run_iter = run_iter
    runner.train()
    return found


@pytest.mark.parametrize(('name', 'scaled'), [
    *((name, False) for name in SCHEDULERS if name != 'none'), ('by step', True), ('none', True)])
def test_schedulers_follow_the_new_count_of_steps(videos, name, scaled):
    """An epoch of 6 steps, and then two of 3, as if all three had had 3."""
    settings = dict(param_scheduler=SCHEDULERS[name], scaled=scaled)
    expected = train(videos, 3, batch_size=2, **settings)
    shutil.rmtree(videos / 'work')
    train(videos, 1, batch_size=1, **settings)
    assert train(videos, 3, batch_size=2, resume=True, **settings) == expected[3:]
    assert len(set(expected)) > 6 * (name != 'none')


@pytest.mark.parametrize(('built', 'words'), [
    (True, 'its CosineAnnealingLR by step was built by the caller'),
    (False, 'its CosineAnnealingLR by step stands beside one by score')])
def test_schedulers_that_cannot_follow_are_refused(videos, built, words):
    cosine = dict(type='CosineAnnealingLR', by_epoch=False, T_max=9)

    def schedulers(runner):
        if not built:
            return [cosine, dict(type='ReduceOnPlateauLR', monitor='mAP', by_epoch=True)]
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        return [CosineAnnealingLR(runner.optim_wrapper, T_max=9, by_epoch=False)]

    def run(*args, **settings):
        runner = make(videos, *args, **settings)
        runner.param_schedulers = schedulers(runner)
        runner.train()
    run(1, batch_size=1)
    with pytest.raises(ValueError, match=f'{words}.*expected param_scheduler as configs'):
        run(2, batch_size=2, resume=True)
