"""ActivityNet-format annotation files."""
from __future__ import annotations

import json

import pytest

from mmlofi.datasets import class_names, load_annotations
from mmlofi.datasets.annotations import load_class_names, segments_after


@pytest.fixture
def write(tmp_path):
    """Writes a database, or any other content, as an annotation file."""
    def write(database=None, *, content=None):
        path = tmp_path / 'annotations.json'
        path.write_text(json.dumps(dict(database=database) if content is None else content))
        return path
    return write


def entry(*segments, subset='training', duration=10.0, label='jump'):
    return dict(subset=subset, duration=duration,
                annotations=[dict(segment=list(segment), label=label) for segment in segments])


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


def test_subsets_are_chosen_by_one_name_or_several(write):
    path = write({name: entry(subset=name) for name in ('training', 'validation', 'testing')})
    assert [record.name for record in load_annotations(path, 'validation')] == ['validation']
    assert [record.name for record in load_annotations(path, ['testing', 'training'])] == \
        ['training', 'testing']


def test_classes_are_in_alphabetical_order_without_repeats(write):
    path = write({'a': entry([1, 2], label='run'), 'b': entry([1, 2], label='jump'),
                  'c': entry([3, 4], label='run')})
    assert class_names(load_annotations(path)) == ('jump', 'run')


def test_class_names_are_those_of_all_subsets_though_segments_are_bad(write):
    path = write({'a': entry([1, 2], label='run'),
                  'b': entry([5, 3], subset='testing', label='jump')})
    assert load_class_names(path) == ('jump', 'run')


def test_segments_after_a_time_start_there_or_later_and_have_a_length():
    segments = [[1, 4], [3, 5], [4, 4], [4, 6], [9, 9], [8, 9]]
    assert segments_after(segments, 4) == [(4, 6), (8, 9)]
    assert segments_after([], 4) == []


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
    with pytest.raises(ValueError, match=r"1 bad segments: v: 'jump' \[.*a duration of 10 s.*"
                                         'Expected start <= end'):
        load_annotations(write({'good': entry([1, 2]), 'v': entry(segment)}))


def test_many_bad_segments_are_counted_and_the_first_named(write):
    path = write({f'v{number}': entry([5, 3], [1, 2]) for number in range(7)})
    with pytest.raises(ValueError, match=r'7 bad segments: v0: .*; v4: .*; …\.') as error:
        load_annotations(path)
    assert 'v5' not in str(error.value)


def test_bad_segments_of_another_subset_do_no_harm(write):
    path = write({'good': entry([1, 2]), 'bad': entry([5, 3], subset='testing')})
    assert len(load_annotations(path, 'training')) == 1


def test_an_unknown_subset_is_refused_with_those_there_are(write):
    path = write({'a': entry(), 'b': entry(subset='validation')})
    with pytest.raises(ValueError, match=r"no video of subset \['val'\]; it has \['training', "):
        load_annotations(path, ['training', 'val'])
    with pytest.raises(ValueError, match='no video of subset'):
        load_annotations(path, [])


def test_an_empty_file_of_annotations_is_refused(write):
    with pytest.raises(ValueError, match='holds no video; its "database" is empty'):
        load_annotations(write({}))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no annotation file at .*none\.json.*`ann_file`'):
        load_annotations(tmp_path / 'none.json')


def test_a_file_that_is_no_json_is_named(tmp_path):
    path = tmp_path / 'cut.json'
    path.write_text('{"database": {"v": {"subset": "trai')
    with pytest.raises(ValueError, match=r'cut\.json is not valid json .*download or write it'):
        load_annotations(path)


@pytest.mark.parametrize('content', [[], {'results': {}, 'version': '1'}, {'database': []}])
def test_json_that_is_no_annotation_file_is_told_apart(write, content):
    with pytest.raises(ValueError, match='has no "database" of videos'):
        load_annotations(write(content=content))


@pytest.mark.parametrize('video', [
    'text', None, entry(['a', 'b']), entry([1]), entry([1, 2], duration='long'),
    dict(subset='training', annotations=[dict(label='x')]),
    dict(subset='training', annotations=[dict(segment=[1, 2])]),
    dict(subset='training', annotations=3)])
def test_an_entry_that_cannot_be_read_is_named(write, video):
    with pytest.raises(ValueError, match="the entry of video 'v' cannot be read"):
        load_annotations(write({'v': video}))


@pytest.mark.parametrize('duration', [0, -3, float('nan'), float('inf')])
def test_a_duration_that_is_none_is_refused(write, duration):
    with pytest.raises(ValueError, match="video 'v' has duration .*seconds above 0"):
        load_annotations(write({'v': entry(duration=duration)}))


def test_a_video_without_a_subset_is_named(write):
    with pytest.raises(ValueError, match="video 'v' has no \"subset\""):
        load_annotations(write({'v': dict(duration=3, annotations=[])}))
