"""One truth per step: samples, shapes, ranks and logs agree, judged by what reached the model."""
from __future__ import annotations

import json

import pytest
from mmengine.dataset import DefaultSampler
from recording import CYCLE, logged, make_runner
from test_resume import Training, data  # noqa: F401  (a fixture)

from mmlofi import FidelitySchedule
from mmlofi.datasets import FidelityBatchSampler

SHAPES = dict(S=[8, 3, 2, 32, 32], T=[2, 3, 2, 64, 64], ST=[4, 3, 2, 46, 46])
LONG, SHORT = dict(by='epoch'), dict(by='iter', interval=2)
VIDEOS, EPOCHS = 6, 4

LOADERS = [
    dict(num_workers=0),
    dict(num_workers=1, persistent_workers=True),
    dict(num_workers=1, persistent_workers=False, prefetch_factor=4),
    dict(num_workers=4, persistent_workers=True, prefetch_factor=1),
    dict(num_workers=4, persistent_workers=False),
    pytest.param(dict(num_workers=4, persistent_workers=True, multiprocessing_context='spawn'),
                 marks=pytest.mark.slow)]


def planned(num_videos, batch_size, hook, *, epochs, steps_per_update=1):
    """The fidelities that the sampler, asked from outside, plans for the steps of a rank."""
    sampler = FidelityBatchSampler(DefaultSampler(range(num_videos)), batch_size)
    sampler.set_schedule(FidelitySchedule.from_config(CYCLE, **hook), steps_per_update)
    return [batch.fidelity.name for epoch in range(epochs) for batch in sampler.batches(epoch)]


@pytest.mark.parametrize('hook', [LONG, SHORT])
@pytest.mark.parametrize('loader', LOADERS)
def test_whatever_the_workers_each_step_has_one_fidelity_and_the_same_samples(videos, loader, hook):
    runner = make_runner(videos, epochs=EPOCHS, hook=hook, workers=0, loader=loader)
    reference = make_runner(videos, epochs=EPOCHS, hook=hook, workers=0)
    for each in (runner, reference):
        each.train()
        each.train_dataloader._iterator = None   # ends its workers now
    steps = runner.model.steps
    assert [set(names) for names, *_ in steps] == [
        {name} for name in planned(VIDEOS, 2, hook, epochs=EPOCHS)]
    for names, snippets, side in steps:
        assert [snippets, 3, 2, side, side] == SHAPES[names[0]]
    assert runner.model.pixels == reference.model.pixels
    reductions = {one['name']: (one.get('temporal', 1), one.get('spatial', 1)) for one in CYCLE}
    lines = logged(videos)[:len(steps)]
    assert [(line['fidelity/temporal'], line['fidelity/spatial']) for line in lines] == [
        reductions[names[0]] for names, *_ in steps]


@pytest.mark.slow
@pytest.mark.parametrize(('ranks', 'accumulate', 'by'), [
    (1, 2, 'iter'), (2, 2, 'iter'), (4, 1, 'epoch')])
def test_all_ranks_agree_at_every_step_and_share_out_the_videos(data, tmp_path, ranks,  # noqa: F811
                                                                accumulate, by):
    training = Training(tmp_path / 'run', data, ranks, [
        '--by', by, '--epochs', '2', '--accumulate', str(accumulate), '--workers',
        '1' if ranks < 4 else '0', '--every', '0'])
    training.finish()
    of_ranks = [training.steps(rank) for rank in range(ranks)]
    count = len(json.loads((data / 'gt.json').read_text())['database'])
    hook = LONG if by == 'epoch' else SHORT
    expected = planned(count // ranks, 1, hook, epochs=2, steps_per_update=accumulate)
    for steps in zip(*of_ranks, strict=True):
        name = expected[steps[0]['step']]
        assert {one for step in steps for one in step['fidelities']} == {name}
        assert all(shape == SHAPES[name] for step in steps for shape in step['shapes'])
        assert len({step['weights'] for step in steps}) == 1
    for epoch in range(2):
        names = [name for steps in of_ranks for step in steps if step['epoch'] == epoch
                 for name in step['videos']]
        assert sorted(names) == sorted(set(names))
        assert len(names) == count
