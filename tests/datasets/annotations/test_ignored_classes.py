"""Classes that do not count: known for THUMOS14, by option for any other file."""
from __future__ import annotations

import json

import pytest

from mmlofi.datasets import SegmentDataset, UntrimmedVideoDataset, load_annotations
from mmlofi.datasets.annotations import load_class_names

# Twenty classes, of which two tell THUMOS14 from any other data set of twenty.
THUMOS14 = ('CricketBowling', 'VolleyballSpiking', *(f'class {number}' for number in range(18)))


@pytest.fixture
def write(tmp_path):
    """Writes one training video with an action of a second for each label; the file's path."""
    def write(*labels):
        actions = [dict(segment=[place, place + 1], label=label)
                   for place, label in enumerate(labels)]
        video = dict(subset='training', duration=100.0, annotations=actions)
        (tmp_path / 'gt.json').write_text(json.dumps(dict(database=dict(v=video))))
        return str(tmp_path / 'gt.json')
    return write


def build(ann_file, kind=UntrimmedVideoDataset, **settings):
    return kind(ann_file, subset='training', data_prefix=dict(video='videos'), check_files=False,
                pipeline=[], **settings)


def test_ambiguous_segments_of_thumos14_are_set_aside_unasked(write):
    record, = load_annotations(write(*THUMOS14[:10], 'Ambiguous', *THUMOS14[10:], 'Ambiguous'))
    assert record.labels == THUMOS14
    assert record.segments_sec == tuple((place, place + 1) for place in range(21) if place != 10)
    assert record.ignored_sec == ((10, 11), (21, 22))


def test_of_another_data_set_ambiguous_is_a_class(write):
    record, = load_annotations(write('run', 'Ambiguous'))
    assert record.labels == ('run', 'Ambiguous')
    assert record.ignored_sec == ()


@pytest.mark.parametrize('ignore', ['run', ['run'], ('run', 'unheard of')])
def test_classes_are_ignored_by_name(write, ignore):
    record, = load_annotations(write('jump', 'run'), ignore=ignore)
    assert (record.labels, record.ignored_sec) == (('jump',), ((1, 2),))


def test_nothing_is_ignored_if_so_asked(write):
    path = write(*THUMOS14, 'Ambiguous')
    assert len(load_class_names(path)) == 20
    assert 'Ambiguous' in load_class_names(path, ignore=())
    assert load_annotations(path, ignore=())[0].ignored_sec == ()


def test_a_bad_segment_of_an_ignored_class_is_named_too(write, tmp_path):
    path = write('jump', 'run')
    text = (tmp_path / 'gt.json').read_text()
    (tmp_path / 'gt.json').write_text(text.replace('[1, 2]', '[2, 1]'))
    with pytest.raises(ValueError, match="1 faults: 'v': 'run'"):
        load_annotations(path, ignore='run')


def test_neither_targets_nor_clips_know_an_ignored_class(write):
    path = write('jump', 'run', 'swim')
    for settings, classes in ((dict(ignore_classes=['run']), ('jump', 'swim')),
                              (dict(), ('jump', 'run', 'swim'))):
        videos = build(path, **settings)
        assert videos.metainfo['classes'] == classes
        assert videos.get_data_info(0)['gt_labels'].tolist() == list(range(len(classes)))
        assert len(videos.get_data_info(0)['segments_sec']) == len(classes)
        clips = build(path, SegmentDataset, **settings)
        assert [clips.get_data_info(index)['label'] for index in range(len(clips))] == \
            list(range(len(classes)))
