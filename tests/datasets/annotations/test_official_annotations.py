"""The official annotation files as they come: real ones, and the layout of those not at hand."""
from __future__ import annotations

import json
import time

import pytest

from mmlofi.datasets import UntrimmedVideoDataset, load_annotations
from mmlofi.datasets.annotations import load_video_names
from mmlofi.evaluation import TALMetric

# Entries as the official files have them, HACS-segments v1.1.1 and ActivityNet-v1.3 with its test.
HACS = {'database': {
    '--0edUL8zmA': {'annotations': [{'label': 'Dodgeball', 'segment': [5.40, 11.60]},
                                    {'label': 'Dodgeball', 'segment': [12.60, 88.16]}],
                    'subset': 'training', 'duration': '92.166667',
                    'url': 'https://www.youtube.com/watch?v=--0edUL8zmA'},
    '008gY2B8Pf4': {'annotations': [{'label': 'Archery', 'segment': [1, 2]}],
                    'subset': 'validation', 'duration': '30.1', 'url': ''},
    '-test': {'annotations': [], 'subset': 'testing', 'duration': '12.0', 'url': ''}}}
ACTIVITYNET = {'version': 'VERSION 1.3', 'taxonomy': [{'nodeName': 'Root'}], 'database': {
    'sJFgo9H6zNo': {'annotations': [], 'duration': 149.44, 'resolution': '1920x1080',
                    'subset': 'testing', 'url': ''},
    'QOlSCBRmfWY': {'annotations': [{'label': 'Ballet', 'segment': [6.2, 77.7]}],
                    'duration': 82.73, 'resolution': '320x240', 'subset': 'training', 'url': ''}}}


@pytest.fixture
def write(tmp_path):
    def write(content: dict) -> str:
        (tmp_path / 'gt.json').write_text(json.dumps(content))
        return str(tmp_path / 'gt.json')
    return write


def dataset(ann_file, subset, **settings):
    return UntrimmedVideoDataset(str(ann_file), subset=subset, data_prefix=dict(video='videos'),
                                 check_files=False, pipeline=[], **settings)


def test_hacs_has_its_durations_as_strings_and_a_test_split_without_annotations(write):
    path = write(HACS)
    training, validation, testing = load_annotations(path)
    assert (training.duration_sec, validation.duration_sec) == (92.166667, 30.1)
    assert training.segments_sec == ((5.4, 11.6), (12.6, 88.16))
    assert (testing.subset, testing.labels) == ('testing', ())
    assert dataset(path, 'training').metainfo['classes'] == ('Archery', 'Dodgeball')
    assert len(dataset(path, 'testing', test_mode=True)) == 1
    with pytest.raises(ValueError, match='no action in the 1 videos of subset'):
        TALMetric(ann_file=path, subset='testing')


def test_fineaction_is_read_as_it_is_with_more_fields_than_activitynet(write):
    path = write({'database': {'v_00000000': {
        'filename': 'v_00000000.mp4', 'duration': 40.5, 'fps': 25.0, 'frame_num': 1012,
        'subset': 'validation', 'annotations': [
            {'label': 'kick_football', 'label_id': 3, 'segment': [1.2, 3.4]},
            {'label': 'run', 'label_id': 7, 'segment': [1.0, 5.0]}]}}})
    (record,) = load_annotations(path, 'validation')
    assert record.segments_sec == ((1.2, 3.4), (1.0, 5.0))
    assert record.labels == ('kick_football', 'run')


def test_activitynet_with_its_test_split_and_other_fields(write):
    path = write(ACTIVITYNET)
    assert [record.duration_sec for record in load_annotations(path)] == [149.44, 82.73]
    assert len(dataset(path, 'training')) == 1


@pytest.mark.parametrize(('file', 'sizes'), [
    ('activitynet/activity_net.v1-3.json',
     dict(training=(9_649, 14_859), validation=(4_728, 7_293))),
    ('thumos14/thumos_gt.json', dict(train=(200, 3_007), test=(210, 3_311)))])
def test_the_real_files_become_data_sets_in_seconds(reference_data, file, sizes):
    path, start = reference_data / 'data' / file, time.process_time()
    names = set(load_video_names(path))
    for subset, (videos, segments) in sizes.items():
        data = dataset(path, subset)
        infos = [data.get_data_info(index) for index in range(len(data))]
        assert (len(infos), sum(len(info['segments_sec']) for info in infos)) == (videos, segments)
        assert all(info['segments_sec'].dtype == 'float64' for info in infos)
        names -= {info['video_name'] for info in infos}
    assert not names
    assert time.process_time() - start < 30   # of this process: others may be at work


def test_thumos_has_numbers_as_strings_and_no_durations(reference_data):
    records = load_annotations(reference_data / 'data/thumos14/thumos_gt.json', 'test')
    assert {record.duration_sec for record in records} == {None}
    assert records[0].name == 'video_test_0000896'
    assert records[0].segments_sec[:2] == ((18.6, 24.8), (29.1, 34.8))
