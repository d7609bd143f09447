"""Annotated segments as clips for a recognizer."""
from __future__ import annotations

import json

import pytest
from small_videos import VIDEOS, action, write_annotations

from mmlofi.datasets import SegmentDataset

CLIPS = [dict(type='OpenVideo'), dict(type='TrimToSegment'),
         dict(type='SampleFrames', clip_len=4, frame_interval=1), dict(type='DecordDecode'),
         dict(type='FormatShape', input_format='NCTHW'), dict(type='PackActionInputs')]


def segments(folder, **settings):
    settings = dict(subset='training', data_prefix=dict(video='videos'), pipeline=CLIPS) | settings
    return SegmentDataset('gt.json', data_root=str(folder), **settings)


def test_each_segment_is_a_clip_with_its_class(folder):
    write_annotations(folder, dict(VIDEOS, a=dict(
        subset='training', duration='10', annotations=[action(2, 5), action('6', '7.5', 'jump')])))
    clips = segments(folder)
    assert clips.metainfo['classes'] == ('jump', 'run')
    assert [(info['video_name'], info['segment_sec'], info['label'])
            for info in map(clips.get_data_info, range(len(clips)))] == [
        ('a', (2, 5), 1), ('a', (6, 7.5), 0)]


def test_a_clip_is_packed_for_a_recognizer(folder):
    sample = segments(folder)[0]
    assert sample['inputs'].shape == (1, 3, 4, 64, 80)
    assert sample['data_samples'].gt_label.tolist() == [1]


def test_clips_are_cut_by_the_index_that_is_named_and_their_videos_are_looked_at_once(
        folder, monkeypatch):
    segments(folder, index=str(folder / 'own'), readers=1)
    assert [path.suffix for path in (folder / 'own').iterdir()] == ['.part']
    assert not (folder / 'gt.json.index').exists()
    monkeypatch.setattr('mmlofi.datasets.videos.look.find_facts', None)   # by which they are
    assert segments(folder, index=str(folder / 'own')).get_data_info(0)['facts'].side == 64


def test_segments_of_no_length_are_left_out(folder):
    clips = segments(folder, subset='validation', test_mode=True)
    assert [info['segment_sec'] for info in map(clips.get_data_info, range(len(clips)))] == [
        (0, 10)]


def test_classes_are_numbered_as_told(folder):
    clips = segments(folder, metainfo=dict(classes=('swim', 'run')))
    assert clips.get_data_info(0)['label'] == 1


@pytest.mark.parametrize(('settings', 'error', 'message'), [
    (dict(data_prefix=dict(feature='features')), ValueError, "expected dict.video='folder'."),
    (dict(filename_tmpl='clip_{}.mp4'), FileNotFoundError, '2 of 2 video files .* are missing'),
    (dict(metainfo=dict(classes=('jump',))), ValueError, r"labels actions as \['run'\]"),
    (dict(subset='testing'), ValueError, 'no video of subset')])
def test_what_cannot_be_trained_on_is_said_at_construction(settings, error, message, folder):
    with pytest.raises(error, match=message):
        segments(folder, **settings)


def test_hacs_s_file_is_read_as_it_is_published(folder):
    """Durations are text, each video has its address, and those of the test have no action."""
    url = 'https://www.youtube.com/watch?v='
    write_annotations(folder, {
        'a': dict(subset='training', duration='10.000000', url=f'{url}a',
                  annotations=[action(5.4, 9.16, 'Dodgeball'), action(1.6, 2, 'Archery')]),
        'c': dict(subset='testing', duration='10.000000', url=f'{url}c', annotations=[])})
    clips = segments(folder)
    assert clips.metainfo['classes'] == ('Archery', 'Dodgeball')
    assert [clips.get_data_info(index)['label'] for index in range(len(clips))] == [1, 0]


def test_a_subset_without_a_segment_is_refused(folder):
    write_annotations(folder, dict(VIDEOS, c=dict(VIDEOS['c'], annotations=[])))
    with pytest.raises(ValueError, match="no action in any of the 1 videos of subset 'validation'"):
        segments(folder, subset='validation')


@pytest.mark.parametrize(('path', 'subset'), [
    ('activitynet/activity_net.v1-3.json', 'training'),
    ('activitynet/activity_net.v1-3.json', 'validation'),
    ('thumos14/thumos_gt.json', 'train')])
def test_the_real_annotations_become_clips(path, subset, reference_data):
    path = str(reference_data / 'data' / path)
    dataset = SegmentDataset(path, subset=subset, pipeline=[], check_files=False,
                             data_prefix=dict(video='videos'))
    with open(path, encoding='utf-8') as file:
        videos = [video for video in json.load(file)['database'].values()
                  if video['subset'] == subset]
    actions = [item for video in videos for item in video['annotations']]
    whole = [item for item in actions if float(item['segment'][1]) > float(item['segment'][0])]
    assert len(dataset) == len(whole) > 1000
    assert len(dataset.metainfo['classes']) in (20, 200)
