"""Ego4D's moments: clips of videos, labels of several annotators, some of them primary."""
from __future__ import annotations

import copy
import json

import pytest

from mmlofi.datasets.annotations.ego4d import read_ego4d


def label(start, end, name, primary=True):
    return dict(start_time=start, end_time=end, label=name, video_start_time=start + 1000,
                video_end_time=end + 1000, video_start_frame=0, video_end_frame=0, primary=primary)


CLIP = dict(clip_uid='63c1', video_start_sec=1182.8877, video_end_sec=1662.0210,
            video_start_frame=35487, video_end_frame=49861, clip_start_sec=0,
            clip_end_sec=479.1333, clip_start_frame=0, clip_end_frame=14374, source_clip_uid='b7fb',
            annotations=[
                dict(annotator_uid='1', labels=[label(116.08, 123.63, 'use_phone'),
                                                label(120.0, 130.0, 'wash_hands', False)]),
                dict(annotator_uid='2', labels=[label(300.5, 480.0, 'cut_dough')])])
VIDEO = dict(video_uid='c922', split='val', clips=[
    CLIP, dict(CLIP, clip_uid='none', annotations=[
        dict(annotator_uid='1', labels=[label(1, 2, 'use_phone', False)])])])
TEST = dict(video_uid='d033', split='test', clips=[
    {key: value for key, value in CLIP.items() if key != 'annotations'} | dict(clip_uid='t1')])


@pytest.fixture
def moments(tmp_path):
    def moments(*videos, name='moments_val.json'):
        (tmp_path / name).write_text(json.dumps(dict(version='1', date='220429', videos=videos)))
        return tmp_path / name
    return moments


def test_clips_become_entries_with_the_primary_labels_of_all_annotators(moments):
    paths = [moments(VIDEO), moments(TEST, name='moments_test_unannotated.json')]
    database, mended = read_ego4d(paths).finish()
    assert database == {
        '63c1': dict(subset='validation', duration=479.1333, annotations=[
            dict(segment=[116.08, 123.63], label='use_phone'),
            dict(segment=[300.5, 479.1333], label='cut_dough')]),
        't1': dict(subset='testing', duration=479.1333, annotations=[])}
    assert mended == ['1 actions that run past the end of their video were cut there']


def changed(change):
    video = copy.deepcopy(VIDEO)
    change(video)
    return video


@pytest.mark.parametrize(('change', 'message'), [
    (lambda video: video.pop('split'), "video 0: has no 'split'"),
    (lambda video: video.update(split='other'), "video 0: the subset 'other'"),
    (lambda video: video['clips'][0].pop('clip_uid'), "video 0, clip 0: has no 'clip_uid'"),
    (lambda video: video['clips'][0].update(video_end_sec=0), 'clip 0: .*has the duration -1182'),
    (lambda video: video['clips'].append(CLIP), "clip 2: the video '63c1' comes again"),
    (lambda video: video['clips'][0]['annotations'][0]['labels'][0].pop('start_time'),
     "clip 0: the label .*has no 'start_time'"),
    (lambda video: video['clips'][0]['annotations'][0]['labels'][0].update(label=''),
     "clip 0: the class: '' is empty"),
    (lambda video: video['clips'][0]['annotations'][0].pop('labels'), "clip 0: has no 'labels'"),
    (lambda video: video['clips'].append('clip'), 'clip 2: .*expected "clip_uid"'),
])
def test_what_cannot_be_read_is_named_with_its_place(moments, change, message):
    with pytest.raises(ValueError, match=f'1 faults(?s:.*)moments_val.json, (?s:.*){message}'):
        read_ego4d([moments(changed(change))]).finish()


def test_another_json_is_refused(tmp_path):
    (tmp_path / 'other.json').write_text('{"database": {}}')
    with pytest.raises(ValueError, match='has no list of "videos"'):
        read_ego4d([tmp_path / 'other.json'])
    (tmp_path / 'list.json').write_text('[]')
    with pytest.raises(ValueError, match='expected an object of videos'):
        read_ego4d([tmp_path / 'list.json'])
