"""What counts as a video of several classes, and as actions that share time."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.several_classes import SeveralClasses, mend, overlaps


def test_videos_without_actions_do_not_count_and_a_class_counts_once():
    found = SeveralClasses.of([['run', 'run'], [], ['run', 'swim'], np.array([1, 2, 2]), [0]])
    assert (found.several, found.labelled) == (2, 4)
    assert str(found) == '2 of 4 videos with actions hold several classes'


@pytest.mark.parametrize(('several', 'labelled', 'usual'), [
    (0, 0, False), (0, 9, False), (1, 20, True), (1, 21, False), (5, 9649, False), (27, 200, True)])
def test_several_classes_are_usual_from_one_video_of_twenty(several, labelled, usual):
    assert SeveralClasses(several, labelled).usual == usual


def test_actions_that_share_time_are_counted_by_class_and_those_that_meet_are_not():
    segments = [(0, 2), (1, 3), (3, 4), (2.5, 2.8), (8, 9), (8, 9)]
    assert overlaps(segments, ['a', 'a', 'a', 'b', 'c', 'c']) == (4, 2)
    assert overlaps(segments[:1], ['a']) == overlaps([], []) == (0, 0)


def test_the_mend_is_one_line_for_each_kind():
    assert mend('VideoClassifier') == '--cfg-options model.class_scores.type=SegmentClassifier'
    assert eval(mend('ClassScoreFile', 512, 3).partition(' = ')[2]) == dict(class_scores=dict(
        _delete_=True, type='SegmentClassifier', in_channels=512, num_classes=3))
