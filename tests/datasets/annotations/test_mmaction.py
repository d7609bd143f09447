"""MMAction2's annotations, a file a split and no subsets."""
from __future__ import annotations

import pytest
from mmaction.datasets.transforms import GenerateLocalizationLabels

from mmlofi.datasets import UntrimmedVideoDataset, load_annotations
from mmlofi.datasets.annotations import load_class_names
from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.video_check import Source

# Two entries of the docstring of MMAction2's ActivityNetDataset.
FILE = {
    'v_--1DO2V4K74': dict(
        duration_second=211.53, duration_frame=6337, feature_frame=6336, fps=30.0,
        rfps=29.9579255898, annotations=[
            dict(segment=[30.025882995319815, 205.2318595943838], label='Rock climbing')]),
    'v_--6bJUbfpnQ': dict(
        duration_second=26.75, duration_frame=647, feature_frame=624, fps=24.0, rfps=24.1869158879,
        annotations=[
            dict(segment=[2.578755070202808, 24.914101404056165], label='Drinking beer')])}


def dataset(path, **settings):
    return UntrimmedVideoDataset(str(path), check_files=False, pipeline=[], **settings)


@pytest.mark.parametrize(('subset', 'name'), [
    ('training', 'training'), ('validation', 'validation'), (['b', 'a'], 'a+b'), (None, 'all')])
def test_all_videos_are_of_the_subset_that_is_asked_for(write, subset, name):
    records = load_annotations(write(content=FILE), subset)
    assert [(one.name, one.subset, one.duration_sec) for one in records] == [
        ('v_--1DO2V4K74', name, 211.53), ('v_--6bJUbfpnQ', name, 26.75)]
    assert records[1].segments_sec == ((2.578755070202808, 24.914101404056165),)


def test_it_trains_with_the_classes_of_its_file(write):
    path = write(content=FILE)
    videos = dataset(path, subset='training', data_prefix=dict(video='videos'))
    assert videos.metainfo['classes'] == load_class_names(path) == (
        'Drinking beer', 'Rock climbing')
    assert videos.get_data_info(1)['duration_sec'] == 26.75


def test_of_features_an_action_has_the_share_that_mmaction2_takes(write):
    features = dataset(write(content=FILE), subset='training', data_prefix=dict(feature='csv'))
    for index, entry in enumerate(FILE.values()):
        info = features.get_data_info(index)
        assert info['segments_sec'] / info['duration_sec'] == pytest.approx(
            GenerateLocalizationLabels()(dict(entry))['gt_bbox'])


def test_the_check_finds_one_file_used_for_two_subsets(write):
    path = str(write(content=FILE))
    found = check([Source(path, ('training',)), Source(path, ('validation',))])
    assert [(one.record.subset, one.errors) for one in found] == [
        *2 * [('training', ['in two subsets'])], *2 * [('validation', [])]]


def test_with_subsets_each_video_needs_one(write):
    mixed = {name: dict(entry, subset='training') for name, entry in FILE.items()}
    assert load_annotations(write(content=mixed))[0].subset == 'training'
    del mixed['v_--6bJUbfpnQ']['subset']
    with pytest.raises(ValueError, match='\'v_--6bJUbfpnQ\': has no "subset"'):
        load_annotations(write(content=mixed), 'training')


@pytest.mark.parametrize('frames', [dict(duration_frame=0), dict(feature_frame='many')])
def test_frames_that_are_none_are_named(write, frames):
    bad = dict(FILE, v=dict(FILE['v_--6bJUbfpnQ'], **frames))
    with pytest.raises(ValueError, match="1 faults: 'v': .* Expected a duration"):
        load_annotations(write(content=bad), 'training')
