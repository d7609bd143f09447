"""Entries in ActivityNet's format."""
from __future__ import annotations

import json

import pytest
from annotated import entry

from mmlofi.datasets import class_names, load_annotations


def test_a_file_is_read_in_its_order(write):
    path = write({'b': entry([1, 2], [3, 4.5]), 'a': entry(subset='validation', duration=7)})
    b, a = load_annotations(path)
    assert (b.name, b.subset, b.duration_sec) == ('b', 'training', 10)
    assert b.segments_sec == ((1, 2), (3, 4.5))
    assert b.labels == ('jump', 'jump')
    assert (a.name, a.duration_sec, a.segments_sec) == ('a', 7, ())


def test_numbers_may_be_strings_and_the_duration_may_be_absent(write):
    video = entry(['1.5', '20'])
    del video['duration']
    record, = load_annotations(write({'v': video}))
    assert record.segments_sec == ((1.5, 20),)
    assert record.duration_sec is None


def test_classes_are_in_alphabetical_order_without_repeats(write):
    path = write({'a': entry([1, 2], label='run'), 'b': entry([1, 2], label='jump'),
                  'c': entry([3, 4], label='run')})
    assert class_names(load_annotations(path)) == ('jump', 'run')


def test_activitynet_is_read_whole(reference_data):
    path = reference_data / 'data' / 'activitynet' / 'activity_net.v1-3.json'
    records = load_annotations(path)
    assert len(records) == 14_377
    assert len(load_annotations(path, 'validation')) == 4_728
    assert all(record.segments_sec for record in records)
    assert len(class_names(records)) == 200


def test_thumos_is_read_whole(reference_data):
    path = reference_data / 'data' / 'thumos14' / 'thumos_gt.json'
    records = load_annotations(path)
    assert len(records) == 410
    assert len(class_names(records)) == 20


def test_a_segment_of_no_length_is_kept(write):
    assert load_annotations(write({'v': entry([4, 4])}))[0].segments_sec == ((4, 4),)


def test_a_segment_that_reaches_over_the_video_is_kept(write):
    assert load_annotations(write({'v': entry([-1, 4], [9, 11])}))[0].segments_sec == \
        ((-1, 4), (9, 11))


@pytest.mark.parametrize('segment', [[5, 3], [11, 12], [-3, -1], [float('nan'), 3],
                                     [1, float('inf')]])
def test_a_bad_segment_is_named_with_its_video_and_label(write, segment):
    with pytest.raises(ValueError, match=r"1 faults: 'v': 'jump' \[.*a duration of 10 s.*"
                                         'Expected start <= end'):
        load_annotations(write({'good': entry([1, 2]), 'v': entry(segment)}))


def test_annotations_of_null_are_none(write):
    record, = load_annotations(write({'v': dict(entry(), annotations=None)}))
    assert (record.segments_sec, record.labels) == ((), ())


@pytest.mark.parametrize(('video', 'message'), [
    ('text', "the entry is 'text'"), (None, 'the entry is None'),
    (dict(entry(), annotations=3), '"annotations" is 3'),
    (dict(entry(), annotations={'0': {}}), '"annotations" is {'),
    (dict(entry(), annotations=['jump']), "annotation 0 is 'jump'")])
def test_an_entry_of_another_form_is_named(write, video, message):
    with pytest.raises(ValueError, match=f"'v': {message}.* Expected {{\"subset\", "):
        load_annotations(write({'v': video}))


@pytest.mark.parametrize('segment', [
    ['a', 'b'], [1], [1, 2, 3], [1, [2]], [True, 2], [None, 2], ['1_0', 20], [0, 10**400], '12',
    {'0': 1, '1': 2}, None])
def test_a_segment_that_is_no_pair_of_numbers_is_named(write, segment):
    video = entry([1, 2])
    video['annotations'][0]['segment'] = segment
    with pytest.raises(ValueError, match="'v': the segment of annotation 0: .* is no "):
        load_annotations(write({'v': video}))


@pytest.mark.parametrize('label', [None, 3, 3.0, True, ['forest', 'snow'], {}, '', '  ', '\ud800'])
def test_a_label_that_is_no_text_or_empty_is_named(write, label):
    with pytest.raises(ValueError, match="'v': the label of annotation 0: .* Expected each label"):
        load_annotations(write({'v': entry([1, 2], label=label)}))


def test_a_segment_or_label_that_is_absent_is_named(write):
    video = dict(entry(), annotations=[dict(label='x'), dict(segment=[1, 2])])
    with pytest.raises(ValueError, match='segment of annotation 0: None .*annotation 1: None'):
        load_annotations(write({'v': video}))


@pytest.mark.parametrize('duration', [0, -3, float('nan'), float('inf'), 'long', [9], False])
def test_a_duration_that_is_none_is_refused(write, duration):
    with pytest.raises(ValueError, match="1 faults: 'v': .*seconds above 0, or none at all"):
        load_annotations(write({'v': entry(duration=duration)}))


@pytest.mark.parametrize('subset', [None, 3, '', ['training']])
def test_a_video_without_a_subset_is_named(write, subset):
    with pytest.raises(ValueError, match="'v': has no \"subset\""):
        load_annotations(write({'v': dict(entry(), subset=subset)}))


@pytest.mark.parametrize('key', ['duration', 'annotations', 'subset'])
def test_a_key_twice_with_other_values_is_named(write, key):
    text = json.dumps(dict(database=dict(v=entry([1, 2]))))
    with pytest.raises(ValueError, match=f"'v': the entry has {key!r} more than once"):
        load_annotations(write(text=text.replace(f'"{key}"', f'"{key}": "x", "{key}"')))


def test_a_key_twice_within_an_action_is_named(write):
    text = json.dumps(dict(database=dict(v=entry([1, 2]))))
    with pytest.raises(ValueError, match="annotation 0 has 'label' more than once"):
        load_annotations(write(text=text.replace('"label"', '"label": "run", "label"')))
