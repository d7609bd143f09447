"""Which tier, control or behaviour is the class: chosen, or listed."""
from __future__ import annotations

import pytest

from mmlofi.datasets.annotations.labelling.rows import Labels, Row
from mmlofi.datasets.annotations.labelling.take import take


@pytest.fixture
def labels():
    labels = Labels()
    labels.add_segment('1', 'a.mp4', 'pour', 0, 1, 'actions')
    labels.add_segment('2', 'a.mp4', 'stir', 1, 2, 'actions')
    labels.add_segment('3', 'b.mp4', 'anna', 0, 1, 'who/what')
    return labels


def taken(*arguments, **settings):
    return [(row.video, row.label) for row in take(*arguments, **settings).rows]


def test_a_single_source_is_taken_unasked(labels):
    del labels.rows[2]
    assert taken(labels, None) == [('a.mp4', 'pour'), ('a.mp4', 'stir')]


def test_several_sources_are_listed_with_what_they_say(labels):
    with pytest.raises(ValueError, match=r"name them by --take\n"
                                         r"  'actions': 2 segments, 'pour', 'stir'\n"
                                         r"  'who/what': 1 segments, 'anna'$"):
        take(labels, None)
    with pytest.raises(ValueError, match="got --take none, which no label is of; expected some of "
                                         "these\n  'actions'"):
        take(labels, ['actions', 'none'])


def test_a_star_stands_for_names_without_a_slash(labels):
    assert taken(labels, ['*']) == [('a.mp4', 'pour'), ('a.mp4', 'stir')]
    assert taken(labels, ['*/what']) == [('b.mp4', 'anna')]
    assert len(taken(labels, ['*', 'who/*'])) == 3
    labels.rows[2] = labels.rows[2]._replace(source='[x]?')
    assert taken(labels, ['[x]*']) == [('b.mp4', 'anna')]


def test_what_is_not_taken_is_counted(labels):
    left = take(labels, ['actions']).left_over
    assert left["segments of 'who/what'"] == 1
    (empty,) = [what for what in left if what.startswith('videos without a segment')]
    assert 'b.mp4' in empty
    assert not labels.left_over    # which is as it was


def test_videos_without_a_segment_may_be_videos_without_actions(labels):
    assert ('b.mp4', None) in taken(labels, ['actions'], empty_too=True)
    labels.rows[:] = []       # all were deleted, and with them what was to be taken
    assert taken(labels, ['detections*'], empty_too=True) == [('a.mp4', None), ('b.mp4', None)]
    labels.rows.append(Row('4', 'c.mp4'))      # said to be one
    assert taken(labels, None) == [('c.mp4', None)]


def test_a_source_s_name_may_be_the_class(labels):
    assert taken(labels, ['who/what'], names_as_labels=True) == [('b.mp4', 'who/what')]


def test_segments_before_the_start_are_cut_and_those_of_no_length_left_out():
    labels = Labels()
    for start, end in ((-2, -1), (-1, 0), (-1, 1), (2, 2), (2, 3)):
        labels.add_segment('', 'a.mp4', 'pour', start, end, '')
    assert [(row.start_sec, row.end_sec) for row in labels.rows] == [(0, 1), (2, 3)]
    assert labels.left_over == {'segments before the start of their video': 2,
                                'parts of segments before the start of their video': 1,
                                'segments of no length': 1}
