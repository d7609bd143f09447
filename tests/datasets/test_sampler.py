"""FidelityBatchSampler, alone, over two ranks and through real worker processes."""
from __future__ import annotations

import json
import pickle

import mmengine.dataset.sampler
import numpy as np
import pytest
from mmengine.dataset import DefaultSampler, InfiniteSampler, pseudo_collate
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

from mmlofi import Fidelity, FidelityCycle, FidelitySchedule
from mmlofi.datasets import FidelityBatchSampler, SampleIndex, UntrimmedVideoDataset
from mmlofi.datasets.transforms import save_features

CYCLE = [dict(name='S', spatial=2), dict(name='T', temporal=4),
         dict(name='ST', temporal=2, spatial=2**0.5)]
LONG = dict(by='epoch')
SHORT = dict(by='iter', interval=2)


def make(num_videos=10, batch_size=3, *, seed=0, cycle=CYCLE, **settings):
    inner = DefaultSampler(range(num_videos), shuffle=True, seed=seed)
    schedule = {name: settings.pop(name) for name in ('by', 'interval', 'weights')
                if name in settings}
    return FidelityBatchSampler(inner, batch_size, schedule=dict(schedule, cycle=cycle), **settings)


def epoch_of(sampler, epoch):
    """Video numbers and fidelities of an epoch, batch by batch."""
    sampler.set_epoch(epoch)
    batches = list(sampler)
    return ([[int(index) for index in batch] for batch in batches],
            [[index.fidelity.name for index in batch] for batch in batches])


@pytest.mark.parametrize('settings', [LONG, SHORT])
def test_every_epoch_has_the_same_batches_of_the_same_size(settings):
    sampler = make(**settings)
    for epoch in range(6):
        videos, _ = epoch_of(sampler, epoch)
        assert len(videos) == len(sampler) == 3
        assert [len(batch) for batch in videos] == [3, 3, 3]


@pytest.mark.parametrize('drop_last', [True, False])
def test_no_video_comes_twice_in_an_epoch_and_none_is_lost(drop_last):
    sampler = make(drop_last=drop_last)
    seen = set()
    for epoch in range(20):
        videos = sum(epoch_of(sampler, epoch)[0], [])
        assert len(set(videos)) == len(videos) == (9 if drop_last else 10)
        seen |= set(videos)
    assert seen == set(range(10))


def test_the_rest_makes_a_smaller_last_batch_when_asked_for():
    for num_videos, sizes in ((10, [3, 3, 3, 1]), (9, [3, 3, 3])):
        videos, _ = epoch_of(make(num_videos, drop_last=False), 0)
        assert [len(batch) for batch in videos] == sizes


def test_a_batch_has_one_fidelity_and_the_short_cycle_changes_it_within_the_epoch():
    sampler = make(by='iter', interval=1)
    names = epoch_of(sampler, 0)[1] + epoch_of(sampler, 1)[1]
    assert [set(batch) for batch in names] == [{'S'}, {'T'}, {'ST'}] * 2


def test_the_long_cycle_changes_at_epochs():
    sampler = make()
    assert [{name for batch in epoch_of(sampler, epoch)[1] for name in batch}
            for epoch in range(4)] == [{'S'}, {'T'}, {'ST'}, {'S'}]


def test_what_fidelity_at_says_is_what_the_batches_have():
    sampler = make(20, by='iter', interval=4)
    for epoch in range(3):
        names = epoch_of(sampler, epoch)[1]
        assert [batch[0] for batch in names] == \
            [sampler.fidelity_at(step).name for step in range(len(sampler))]


def test_the_order_depends_on_seed_and_epoch_alone():
    sampler = make()
    first = [epoch_of(sampler, epoch) for epoch in range(3)]
    again = make()
    assert [epoch_of(again, epoch) for epoch in (2, 0, 1)] == [first[2], first[0], first[1]]
    assert first[0][0] != first[1][0]
    assert epoch_of(make(seed=1), 0)[0] != first[0][0]


@pytest.mark.parametrize('settings', [LONG, SHORT])
def test_two_ranks_agree_on_the_fidelity_of_every_step_and_share_the_videos(monkeypatch, settings):
    ranks = []
    for rank in range(2):
        monkeypatch.setattr(mmengine.dataset.sampler, 'get_dist_info', lambda rank=rank: (rank, 2))
        ranks.append(make(16, 2, **settings))
    for epoch in range(4):
        (videos, names), (other_videos, other_names) = (epoch_of(rank, epoch) for rank in ranks)
        assert names == other_names
        assert sorted(sum(videos + other_videos, [])) == list(range(16))


def test_a_schedule_given_later_replaces_the_first():
    sampler = make()
    sampler.set_schedule(FidelitySchedule((FidelityCycle((Fidelity('X', temporal=3),)),)))
    assert set(sum(epoch_of(sampler, 0)[1], [])) == {'X'}


def test_without_a_schedule_every_batch_is_of_full_fidelity():
    sampler = FidelityBatchSampler(DefaultSampler(range(4), seed=0), 2)
    assert set(sum(epoch_of(sampler, 0)[1], [])) == {'full'}


@pytest.mark.parametrize('batch_size', [0, -1, 2.0])
def test_a_batch_size_that_is_none_is_refused(batch_size):
    with pytest.raises(ValueError, match='expected a whole number of 1 or more'):
        make(batch_size=batch_size)


def test_fewer_videos_than_a_batch_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match='a rank gets 3 videos an epoch, fewer than batch_size=4'):
        make(3, 4)
    assert len(make(3, 4, drop_last=False)) == 1


@pytest.fixture
def videos(tmp_path):
    """Twelve videos of features."""
    database = {}
    for number in range(12):
        save_features(tmp_path / f'{number}.npz', np.full((2, 8), number, np.float32), 1.0)
        database[str(number)] = dict(subset='training', duration=1.0,
                                     annotations=[dict(segment=[0, 1], label='run')])
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database)))
    return UntrimmedVideoDataset(
        str(tmp_path / 'gt.json'), subset='training', data_prefix=dict(feature=str(tmp_path)),
        pipeline=[dict(type='LoadSnippetFeatures', num_snippets=8), dict(type='PackTALInputs')])


@pytest.mark.parametrize(('workers', 'start', 'settings'), [
    (0, None, LONG), (1, 'fork', LONG), (2, 'fork', LONG), (0, None, SHORT), (1, 'fork', SHORT),
    (2, 'fork', SHORT), pytest.param(1, 'spawn', SHORT, marks=pytest.mark.slow)])
def test_every_sample_from_persistent_workers_has_the_samplers_fidelity(videos, workers, start,
                                                                        settings):
    sampler = make(12, 2, **settings)
    loader = DataLoader(videos, batch_sampler=sampler, num_workers=workers,
                        persistent_workers=workers > 0, multiprocessing_context=start,
                        collate_fn=pseudo_collate)
    positions = dict(S=8, T=2, ST=4)
    for epoch in range(4):
        expected_videos, expected_names = epoch_of(sampler, epoch)
        for step, batch in enumerate(loader):
            samples = batch['data_samples']
            assert [sample.fidelity for sample in samples] == expected_names[step]
            assert [int(sample.video_name) for sample in samples] == expected_videos[step]
            assert {features.shape[1] for features in batch['inputs']} == \
                {positions[expected_names[step][0]]}
        assert step == len(sampler) - 1


def test_fidelities_with_their_own_batch_sizes_keep_the_length_exact():
    cycle = [dict(CYCLE[0], batch_size=8), CYCLE[1]]
    sampler = make(20, 3, cycle=cycle)
    lengths = []
    for epoch in range(4):
        assert sampler.steps_before(epoch) == sum(lengths)
        videos, names = epoch_of(sampler, epoch)
        lengths.append(len(videos))
        assert len(sampler) == len(videos)
        assert {len(batch) for batch in videos} == ({8} if names[0][0] == 'S' else {3})
        assert len(set(sum(videos, []))) == len(sum(videos, []))
    assert lengths == [2, 6, 2, 6]
    assert make(20, 3, cycle=cycle).steps_before(4) == 16   # whatever was asked before


def test_a_short_cycle_of_different_batch_sizes_goes_on_across_epochs():
    sampler = make(10, 2, cycle=[dict(CYCLE[0], batch_size=4), CYCLE[1]], by='iter', interval=1)
    assert [[len(batch) for batch in epoch_of(sampler, epoch)[0]] for epoch in range(3)] == [
        [4, 2, 4], [2, 4, 2], [4, 2, 4]]   # the second epoch has 2 videos left, too few for S


def test_the_steps_of_an_update_share_a_fidelity_and_an_epoch_holds_whole_updates():
    sampler = make(11, 1, by='iter', interval=1)
    sampler.set_schedule(sampler.schedule, steps_per_update=2)
    names = [epoch_of(sampler, epoch)[1] for epoch in range(2)]
    assert [name for batch in names[0] + names[1] for name in batch] == [
        'S', 'S', 'T', 'T', 'ST', 'ST', 'S', 'S', 'T', 'T', 'ST', 'ST', 'S', 'S', 'T', 'T', 'ST',
        'ST', 'S', 'S']
    assert len(names[0]) == 10


def test_an_epoch_can_begin_at_any_step_with_the_very_same_samples():
    sampler = make(by='iter', interval=1)
    sampler.set_epoch(1)
    whole = [[(int(index), index.fidelity, index.seed) for index in batch] for batch in sampler]
    for first in range(len(sampler) + 1):
        sampler.set_epoch(1, first_step=first)
        rest = [[(int(index), index.fidelity, index.seed) for index in batch] for batch in sampler]
        assert rest == whole[first:]
        assert len(sampler) == len(whole)


def test_every_sample_of_every_epoch_and_rank_has_its_own_seed(monkeypatch):
    seeds = []
    for rank in range(2):
        monkeypatch.setattr('mmlofi.datasets.sampler.get_rank', lambda rank=rank: rank)
        sampler = make()
        for epoch in range(3):
            sampler.set_epoch(epoch)
            seeds += [index.seed for batch in sampler for index in batch]
    assert len(set(seeds)) == len(seeds) == 2 * 3 * 9


def test_ranks_of_unequal_length_are_refused(monkeypatch):
    monkeypatch.setattr(mmengine.dataset.sampler, 'get_dist_info', lambda: (1, 2))
    uneven = DefaultSampler(range(5), seed=0, round_up=False)
    with pytest.raises(ValueError, match='round_up=False on 2 ranks.*expected round_up=True'):
        FidelityBatchSampler(uneven, 1)


def test_an_index_keeps_its_tag_through_arithmetic_and_processes():
    index = SampleIndex(7, Fidelity('S', spatial=2), seed=5)
    for derived, number in ((index % 4, 3), (index - 5, 2), (pickle.loads(pickle.dumps(index)), 7)):
        assert (derived, derived.fidelity, derived.seed) == (number, index.fidelity, 5)
    assert type(index + 1) is int   # no wrapper adds: it would be an index of its own


@pytest.mark.parametrize(('sampler', 'words'), [
    (lambda: InfiniteSampler(range(6), seed=0), r'InfiniteSampler gave \[.*and \[\] when asked'),
    (lambda: RandomSampler(range(6)), 'RandomSampler gave .* depends on seed and epoch alone'),
    (lambda: [4, 2, 0, 1], None), (lambda: SequentialSampler(range(6)), None)])
def test_a_sampler_whose_order_is_its_own_is_refused(sampler, words):
    batches = FidelityBatchSampler(sampler(), 2)
    if words is None:
        batches.check_order()
        assert epoch_of(batches, 1)[0] == epoch_of(batches, 0)[0]
        return
    with pytest.raises(ValueError, match=f"{words}.*sampler=dict\\(type='DefaultSampler'"):
        batches.check_order()


def test_a_sampler_without_a_length_is_refused():
    with pytest.raises(ValueError, match='got a generator, which has no length; expected'):
        FidelityBatchSampler((number for number in range(6)), 2)


def test_a_schedule_of_its_own_needs_to_be_told_the_epoch():
    """MMEngine's own loops tell the inner sampler alone: all epochs would be of the first fidelity.
    """
    sampler = make()
    sampler.sampler.set_epoch(1)
    with pytest.raises(ValueError, match='iterated without set_epoch.*LoFiCycleHook'):
        next(iter(sampler))
    assert set(sum(epoch_of(sampler, 1)[1], [])) == {'T'}


def test_in_loops_that_tell_the_inner_sampler_alone_each_epoch_has_its_own_seeds():
    sampler = FidelityBatchSampler(DefaultSampler(range(4), seed=0), 2)
    seeds = []
    for epoch in range(3):
        sampler.sampler.set_epoch(epoch)
        seeds += [index.seed for batch in sampler for index in batch]
    assert len(set(seeds)) == len(seeds) == 12


def test_a_smaller_last_batch_makes_no_update_and_is_refused():
    with pytest.raises(ValueError, match='drop_last=False, and gradients of 2 steps make an update'
                                         '.*drop_last=True, or accumulative_counts=1'):
        make(drop_last=False).set_schedule(FidelitySchedule(), steps_per_update=2)
