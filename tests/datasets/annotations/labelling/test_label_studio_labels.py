"""Label Studio's exports, as its documentation and its own backends have them."""
from __future__ import annotations

from pathlib import Path

import pytest

from mmlofi.datasets.annotations.labelling.label_studio import (
    is_label_studio,
    read_label_studio,
)
from mmlofi.datasets.annotations.labelling.rows import Labels

FILES = [Path('videos/opossum_snow_short.mp4'), Path('videos/b.mp4')]


def region(first, last, label='Car', **more):
    """As in label-studio-ml-backend, examples/yolo/tests/test_timeline_labels_1.json."""
    return dict(id='1', type='timelinelabels', origin='manual', to_name='video',
                from_name='videoLabels', value=dict(ranges=[dict(end=last, start=first)],
                                                    timelinelabels=[label])) | more


def task(*regions, video='tests/opossum_snow_short.mp4', **annotation):
    return dict(id=427616, project=42, data=dict(video=video, fps=12.5), annotations=[
        dict(id=1478, task=427616, was_cancelled=False, result=list(regions)) | annotation])


def read(*tasks, **settings):
    labels = Labels()
    assert is_label_studio(list(tasks))
    read_label_studio(list(tasks), labels, FILES, **settings)
    return labels


def segments(labels):
    return [(row.video, row.label, row.start_sec, row.end_sec) for row in labels.rows]


def test_frames_count_from_1_and_both_are_inside():
    labels = read(task(region(1, 24), region(25, 25, 'croquet_ball')))
    assert segments(labels) == [('opossum_snow_short.mp4', 'Car', 0, 1),
                                ('opossum_snow_short.mp4', 'croquet_ball', 1, 25 / 24)]
    assert {row.source for row in labels.rows} == {'videoLabels'}


@pytest.mark.parametrize(('rate', 'end'), [('25', 2.0), ('$fps', 4.0), ('0.04', 2.0)])
def test_the_rate_is_that_of_the_video_tag(rate, end):
    assert segments(read(task(region(1, 50)), frame_rate=rate))[0][3] == end


@pytest.mark.parametrize(('address', 'name'), [
    ('/data/upload/1/3d3ad63e-b.mp4', 'b.mp4'), ('/data/local-files/?d=x/b.mp4', 'b.mp4'),
    ('s3://bucket/b.mp4', 'b.mp4'), ('/data/upload/1/3d3ad63e-c.mp4', '3d3ad63e-c.mp4')])
def test_the_video_is_found_by_its_address(address, name):
    assert segments(read(task(region(1, 2), video=address)))[0][0] == name


def test_one_annotation_counts_and_a_submitted_task_without_a_region_has_no_action():
    several = task(region(1, 2))
    several['annotations'] += [dict(result=[region(1, 3, 'truth')], ground_truth=True),
                               dict(result=[], was_cancelled=True)]
    labels = read(several, task(video='b.mp4'), dict(id=3, data=dict(video='b.mp4'),
                                                     annotations=[], predictions=[]))
    assert [(row.video, row.label) for row in labels.rows] == [
        ('opossum_snow_short.mp4', 'truth'), ('b.mp4', None)]
    assert {what: count for what, count in labels.left_over.items() if count} == {
        'skipped annotations': 1, "annotations of a task that has another one's": 1,
        'tasks without an annotation': 1}


def test_other_regions_are_counted_and_those_of_audio_are_in_seconds():
    sound = region(0, 0, type='labels', from_name='tricks', value=dict(
        start=1.5, end=2.25, channel=0, labels=['Kickflip']))
    box = region(0, 0, type='videorectangle', value=dict(sequence=[], labels=['hand']))
    labels = read(task(sound, box, region(1, 2, value=dict(ranges=[dict(start=1, end=2)],
                                                           timelinelabels=[]))))
    assert segments(labels) == [('opossum_snow_short.mp4', 'Kickflip', 1.5, 2.25)]
    assert labels.left_over["regions of 'videorectangle'"] == 1
    assert labels.left_over['regions without a label'] == 1


def test_json_min_has_the_values_beside_the_data():
    labels = read(dict(id=7, video='/data/b.mp4', annotator=1, annotation_id=3, videoLabels=[
        dict(ranges=[dict(start=1, end=12)], timelinelabels=['Car'])]))
    assert segments(labels) == [('b.mp4', 'Car', 0, 0.5)]


def test_faults_name_their_task_and_region():
    faults = read(task(region(1, None)), task(region(1, 2), video='a picture')).faults
    assert faults[0] == ("task 427616: region '1': has the range {'end': None, 'start': 1}; "
                         'expected its first and last frame')
    assert 'task 427616: has no address of a video in its data' in faults[1]
    (fault,) = read(task(region(1, 2)), frame_rate='$rate').faults
    assert "has no 'rate' in its data" in fault
