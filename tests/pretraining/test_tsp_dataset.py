"""The data set of clips: what it gives, and that its random numbers are its own."""
from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.pretraining import SeededSampler, TSPDataset, TSPHead, TSPMetric
from mmlofi.pretraining.gvf import save_gvf

PIPELINE = [dict(type='OpenVideo'), dict(type='ClipInSegment', clip_len=4, fps=5,
                                         clips_per_segment=2),
            dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs', algorithm_keys=('region_label', 'gvf'))]


def action(start, end, label):
    return dict(segment=[start, end], label=label)


VIDEOS = dict(
    a=dict(subset='training', duration=10, annotations=[
        action(2, 5, 'run'), action(3, 4, 'jump'), action(9.5, 10, 'run')]),
    b=dict(subset='training', duration=10, annotations=[action(4, 10.4, 'jump')]),
    c=dict(subset='validation', duration=10, annotations=[action(0, 10, 'run')]))


@pytest.fixture
def folder(tmp_path, numbered_video):
    (tmp_path / 'videos').mkdir()
    for name in VIDEOS:
        shutil.copy(numbered_video, tmp_path / 'videos' / f'{name}.mp4')
    write(tmp_path, VIDEOS)
    save_gvf(tmp_path / 'gvf.npz', dict(a=np.full(3, 1.0), b=np.full(3, 2.0)), dict(side=112))
    return tmp_path


def write(folder, videos):
    (folder / 'gt.json').write_text(json.dumps(dict(database=videos)))


def clips(folder, **settings):
    settings = dict(subset='training', background=dict(shortest_gap_sec=1),
                    pipeline=PIPELINE, data_prefix=dict(video='videos')) | settings
    return TSPDataset('gt.json', data_root=str(folder), **settings)


def rows(dataset):
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [(info['video_name'], *info['segment_sec'], info['label'], info['region_label'])
            for info in infos]


SEGMENTS = [('a', 2, 5, 1, 0), ('a', 3, 4, 0, 0), ('a', 0, 2, -1, 1), ('a', 5, 9.5, -1, 1),
            ('b', 4, 10, 0, 0), ('b', 0, 4, -1, 1)]


def test_actions_and_background_become_clips(folder):
    """One of each segment, then the next of each; 0.5 s are no clip of 0.8 s."""
    assert rows(clips(folder)) == 2 * SEGMENTS


def test_no_clip_shows_a_segment_of_a_class_that_does_not_count(folder):
    write(folder, dict(VIDEOS, b=dict(VIDEOS['b'], annotations=[
        action(4, 10.4, 'jump'), action(2.5, 3, 'Ambiguous')])))
    found = rows(clips(folder, ignore_classes=['Ambiguous']))[:6]
    assert found == [*SEGMENTS[:5], ('b', 0, 2.5, -1, 1)]


def test_without_background_there_are_actions_alone(folder):
    assert rows(clips(folder, background=None)) == 2 * [one for one in SEGMENTS if one[-1] == 0]


def test_validation_takes_the_first_and_the_last_clip_of_each_segment(folder, read_numbers):
    dataset = clips(folder, subset='validation', test_mode=True)
    shown = [read_numbers(dataset[index]['inputs'][0].permute(1, 2, 3, 0).numpy())
             for index in range(2)]
    assert shown == [[0, 2, 4, 6], [92, 94, 96, 98]]


def test_a_sample_has_what_the_head_reads(folder):
    dataset = clips(folder, gvf=dict(file=str(folder / 'gvf.npz'), feat_dim=3))
    sample = dataset[4]['data_samples']
    assert sample.gt_label.tolist() == [0]
    assert sample.region_label == 0
    assert sample.gvf.tolist() == [2, 2, 2]
    assert dataset[2]['data_samples'].gt_label.tolist() == [-1]


def test_actions_alone_are_of_no_region_so_that_a_head_of_regions_refuses_them(folder):
    sample = clips(folder, background=None)[0]['data_samples']
    head = dict(num_classes=2, in_channels=4)
    with pytest.raises(ValueError, match=r"without 'region_label'.* with `background`.*, or, for "
                                         "TAC, the head's regions=False"):
        TSPHead(**head).loss(torch.ones(1, 4), [sample])
    assert TSPHead(**head, regions=False).loss(torch.ones(1, 4), [sample])['loss_action'] > 0


def test_actions_alone_have_a_region_in_validation_where_it_is_scored_and_not_learned(folder):
    sample = clips(folder, background=None, test_mode=True)[0]['data_samples']
    found = TSPHead(num_classes=2, in_channels=4).predict(torch.ones(1, 4), [sample])
    metric = TSPMetric()
    metric.process(None, [one.to_dict() for one in found])
    assert metric.results[0]['region'] is not None


def test_videos_without_a_duration_in_the_annotations_have_the_file_s(folder, monkeypatch):
    videos = {name: {key: value for key, value in entry.items() if key != 'duration'}
              for name, entry in VIDEOS.items()}
    write(folder, videos)
    assert rows(clips(folder, check_files=False))[5] == ('b', 0, 4, -1, 1)     # opened for it
    assert rows(clips(folder))[5] == ('b', 0, 4, -1, 1)
    monkeypatch.setattr('mmlofi.pretraining.dataset.look_at_video', None)      # known by the index
    assert rows(clips(folder))[3] == ('a', 5, 9.5, -1, 1)


def shown(dataset, epoch, workers=0):
    """The pictures of each item's clip in an epoch."""
    sampler = SeededSampler(dataset, seed=1)
    sampler.set_epoch(epoch)
    order = list(sampler)
    loader = DataLoader(dataset, batch_size=2, sampler=sampler, num_workers=workers,
                        collate_fn=pseudo_collate)
    inputs = [one for batch in loader for one in batch['inputs']]
    return {int(index): one for index, one in zip(order, inputs)}


def equal(some, others):
    return [torch.equal(some[index], others[index]) for index in sorted(some)]


def test_clips_are_the_same_whatever_the_workers_and_others_in_each_epoch(folder):
    dataset = clips(folder)
    alone, again, later = shown(dataset, 0), shown(dataset, 0, workers=2), shown(dataset, 1)
    assert all(equal(alone, again))
    assert sum(equal(alone, later)) < 3
    halves = {index: alone[index + 6] for index in range(6)}    # the other clip of each segment
    assert sum(equal(halves, {index: alone[index] for index in range(6)})) < 3


def test_a_seed_gives_the_clip_and_leaves_other_random_numbers_alone(folder):
    dataset = clips(folder)
    before = np.random.get_state()[1].copy()
    first, second = (dataset[SampleIndex(3, seed=5)]['inputs'] for _ in range(2))
    assert torch.equal(first, second)
    assert np.array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize(('settings', 'error', 'message'), [
    (dict(pipeline=[dict(type='OpenVideo')]), ValueError, 'a pipeline without ClipInSegment'),
    (dict(pipeline=[dict(type='ClipInSegment', clip_len=100, fps=1)]), ValueError,
     'none of the 7 segments of subset .training. lasts 100 s'),
    (dict(background=dict(shortest_gap_sec=-1)), ValueError, 'shortest_gap_sec=-1'),
    (dict(background=dict(shortest_gap_sec=5)), ValueError,
     "no gap between the actions of subset 'training' lasts 5 s, .* lower shortest_gap_sec"),
    (dict(subset='testing'), ValueError, 'no video of subset'),
    (dict(background=dict(shortest_gap=1)), ValueError,
     r'background=.*; expected dict\(shortest_gap_sec=16 / 3\), with merge_overlaps where'),
    (dict(gvf='gvf.npz'), ValueError, r"gvf='gvf.npz'; expected dict\(file='gvf.npz'\)"),
    (dict(gvf=dict(file='nowhere.npz')), FileNotFoundError, 'no global video features at'),
    (dict(data_prefix=dict(feature='x')), ValueError, "expected dict.video='folder'.")])
def test_what_cannot_be_trained_on_is_said_at_construction(settings, error, message, folder):
    with pytest.raises(error, match=message):
        clips(folder, **settings)


def test_videos_without_a_global_feature_are_named_at_construction(folder):
    with pytest.raises(ValueError, match=r"no vector of 1 of 1 videos, the first: \['c'\]"):
        clips(folder, subset='validation', test_mode=True,
              gvf=dict(file=str(folder / 'gvf.npz'), feat_dim=3))


@pytest.mark.parametrize(('path', 'subset', 'shortest', 'actions'), [
    ('thumos14/thumos_gt.json', 'train', 16 / 15, 3007),       # as TSP's table has them
    # Of the 15,410 in TSP's table of 10,024 videos: 9,649 of these, without 9 of no length.
    ('activitynet/activity_net.v1-3.json', 'training', 80 / 15, 14850)])
def test_the_real_annotations_become_nearly_as_many_rows_of_either_region(
        reference_data, monkeypatch, path, subset, shortest, actions):
    monkeypatch.setattr('mmlofi.pretraining.dataset._duration_of', lambda video: 1e4)
    sampler = dict(type='ClipInSegment', clip_len=1, fps=1000, clips_per_segment=1)
    dataset = TSPDataset(str(reference_data / 'data' / path), subset=subset, pipeline=[sampler],
                         data_prefix=dict(video='videos'), check_files=False,
                         background=dict(shortest_gap_sec=shortest))
    regions = [dataset.get_data_info(index)['region_label'] for index in range(len(dataset))]
    assert regions.count(0) == actions
    assert 0.7 * actions < regions.count(1) < 1.1 * actions
